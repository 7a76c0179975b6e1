// Package interview is a workflow that asks and reports in every way. Its
// history is recorded beside it, so that tests can tell when workflows that
// were started with an earlier version of the library would not go on.
package interview

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// Name is the workflow's type.
const Name = "Interview"

// Answer is what the workflow asks for.
type Answer struct {
	Text  string `json:"text"`
	Times int    `json:"times,omitempty" jsonschema:"default=1"`
}

// Workflow asks questions that are accepted, declined, dismissed, withdrawn and
// not answered, one after the other and two at once, and reports progress in
// between.
func Workflow(ctx workflow.Context, name string) (string, error) {
	var said []string
	for i, key := range []string{"accepted", "declined", "dismissed"} {
		if err := durablemcp.ReportProgress(ctx, float64(i), 7, "about to ask "+name); err != nil {
			return "", err
		}
		said = append(said, ask(ctx, key, durablemcp.ElicitOptions{Name: key, Title: key, Timeout: time.Hour}))
	}

	left := workflow.NewChannel(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) { left.Send(ctx, ask(ctx, "left", durablemcp.ElicitOptions{Name: "left"})) })
	right := ask(ctx, "right", durablemcp.ElicitOptions{Name: "right"})
	var answer string
	left.Receive(ctx, &answer)
	said = append(said, answer, right)

	err := durablemcp.ElicitURL(ctx, "page", "https://example.com/", durablemcp.ElicitOptions{})
	said = append(said, fmt.Sprint("page: ", err == nil))

	withdrawn, cancel := workflow.WithCancel(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		workflow.GetSignalChannel(ctx, "withdraw").Receive(ctx, nil)
		cancel()
	})
	said = append(said, ask(withdrawn, "withdrawn", durablemcp.ElicitOptions{}))
	if err := durablemcp.ReportProgress(ctx, 6, 7, "nearly done"); err != nil {
		return "", err
	}
	said = append(said, ask(ctx, "unanswered", durablemcp.ElicitOptions{Timeout: time.Second}))
	return strings.Join(said, "; "), nil
}

func ask(ctx workflow.Context, message string, options durablemcp.ElicitOptions) string {
	answer, err := durablemcp.ElicitWithOptions[Answer](ctx, message, options)
	switch {
	case errors.Is(err, durablemcp.ErrElicitationDeclined):
		return message + ": declined"
	case errors.Is(err, durablemcp.ErrElicitationCancelled):
		return message + ": dismissed"
	case errors.Is(err, durablemcp.ErrElicitationTimedOut):
		return message + ": unanswered"
	case temporal.IsCanceledError(err):
		return message + ": withdrawn"
	case err != nil:
		return message + ": " + err.Error()
	}
	return message + ": " + strings.Repeat(answer.Text, answer.Times)
}

// Said is what the workflow returns at the end of the recorded history.
const Said = "accepted: yes; declined: declined; dismissed: dismissed; left: ll; right: r; page: true; withdrawn: withdrawn; unanswered: unanswered"
