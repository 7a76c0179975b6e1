package durablemcp

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

// The memo fields by which a workflow tells clients of itself. The memo can be
// read while no worker is there, and outlasts continue-as-new, retries and
// resets.
const (
	memoKey       = "durablemcp"           // a [record]
	questionsMemo = "durablemcp.questions" // the open ones, a list of [question]
	progressMemo  = "durablemcp.progress"  // a [progress]
	updatedMemo   = "durablemcp.updated"   // when a question was last withdrawn
)

// A record is what a workflow started by a tool remembers of its start.
type record struct {
	Tool    string            `json:"tool"`
	Input   string            `json:"input"`           // digest of the arguments with their defaults, see [schema.Identity]
	Given   string            `json:"given,omitempty"` // digest of the arguments as given, if it is another one
	Owner   string            `json:"owner,omitempty"`
	Claims  map[string]string `json:"claims,omitempty"` // see [Options.Claims]
	Created time.Time         `json:"created"`
	Salt    string            `json:"salt,omitempty"` // see package handle
}

// sameWork reports whether a call asks for the work that the record is of, also if
// the tool has got optional arguments or other defaults since.
func (r record) sameWork(in *input) bool {
	return r.Input == in.Full || cmp.Or(r.Given, r.Input) == in.Given
}

// givenDigest is the field Given of the record of a call.
func givenDigest(in *input) string {
	if in.Given == in.Full {
		return ""
	}
	return in.Given
}

// A memo is what a workflow tells clients of itself.
type memo struct {
	record    record // zero if no tool started the workflow
	questions []question
	progress  progress
	updated   time.Time
}

func ours(field string) bool { return field == memoKey || strings.HasPrefix(field, memoKey+".") }

func readMemo(desc *client.WorkflowExecutionDescription, began time.Time) (*memo, error) {
	var m memo
	for field, into := range map[string]any{memoKey: &m.record, questionsMemo: &m.questions, progressMemo: &m.progress, updatedMemo: &m.updated} {
		if err := desc.GetMemoValue(field, into); err != nil && !errors.Is(err, temporal.ErrNoData) {
			return nil, err
		}
	}
	// What an earlier run of the chain asked, it asks no more, and how far that one came
	// says nothing of this one.
	if m.progress.At.Before(began) {
		m.progress = progress{}
	}
	m.questions = slices.DeleteFunc(m.questions, func(q question) bool { return q.Asked.Before(began) })
	slices.SortFunc(m.questions, func(a, b question) int {
		if a.Asked.Equal(b.Asked) {
			return strings.Compare(a.Key, b.Key)
		}
		return a.Asked.Compare(b.Asked)
	})
	return &m, nil
}
