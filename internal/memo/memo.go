// Package memo is the data format that workflow code and server share: what a workflow tells
// clients in its memo, and the updates that answer it. Its names and JSON are stored in workflow
// histories, and must never change.
package memo

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
)

// The memo fields by which a workflow tells clients of itself. The memo can be
// read while no worker is there, and outlasts continue-as-new, retries and
// resets.
const (
	RecordField    = "durablemcp"           // a [Record]
	QuestionsField = "durablemcp.questions" // the open ones, a list of [Question]
	ProgressField  = "durablemcp.progress"  // a [Progress]
	UpdatedField   = "durablemcp.updated"   // when a question was last withdrawn
)

// A Record is what a workflow started by a tool remembers of its start.
type Record struct {
	Tool    string            `json:"tool"`
	Input   string            `json:"input"`           // digest of the arguments with their defaults, see schema.Identity
	Given   string            `json:"given,omitempty"` // digest of the arguments as given, if it is another one
	Owner   string            `json:"owner,omitempty"`
	Claims  map[string]string `json:"claims,omitempty"` // see durablemcp.Options
	Created time.Time         `json:"created"`
	Salt    string            `json:"salt,omitempty"` // of its tokens
}

// SameWork reports whether a call asks for the work that the record is of, also if
// the tool has got optional arguments or other defaults since. Its arguments have the
// digest full with their defaults, and given without.
func (r Record) SameWork(full, given string) bool {
	return r.Input == full || cmp.Or(r.Given, r.Input) == given
}

// A Memo is what a workflow tells clients of itself.
type Memo struct {
	Record    Record // zero if no tool started the workflow
	Questions []Question
	Progress  Progress
	Updated   time.Time
}

// Owns reports whether a memo field is the library's.
func Owns(field string) bool {
	return field == RecordField || strings.HasPrefix(field, RecordField+".")
}

// Read reads the memo of a run that began at a time, by a function that reads one of its
// fields.
func Read(get func(field string, into any) error, began time.Time) (*Memo, error) {
	var m Memo
	for field, into := range map[string]any{RecordField: &m.Record, QuestionsField: &m.Questions, ProgressField: &m.Progress, UpdatedField: &m.Updated} {
		if err := get(field, into); err != nil && !errors.Is(err, temporal.ErrNoData) {
			return nil, err
		}
	}
	// What an earlier run of the chain asked, it asks no more, and how far that one came
	// says nothing of this one.
	if m.Progress.At.Before(began) {
		m.Progress = Progress{}
	}
	m.Questions = slices.DeleteFunc(m.Questions, func(q Question) bool { return q.Asked.Before(began) })
	slices.SortFunc(m.Questions, func(a, b Question) int {
		if a.Asked.Equal(b.Asked) {
			return strings.Compare(a.Key, b.Key)
		}
		return a.Asked.Compare(b.Asked)
	})
	return &m, nil
}
