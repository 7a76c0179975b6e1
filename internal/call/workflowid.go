package call

import (
	"errors"

	"github.com/google/uuid"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
)

// key names the workflow that arguments are about. Its error is a [*advice.ToolError].
func (t *Tool) key(a Address, in *Input, caller Caller) (execution.Key, error) {
	if a.Template == nil {
		id, _ := in.Arguments["workflow_id"].(string)
		runID, _ := in.Arguments["run_id"].(string)
		return execution.Key{ID: id, RunID: runID}, nil
	}
	id, err := t.render(a.Template, in, caller)
	return execution.Key{ID: id}, err
}

// render fills a template for a call. Its error is a [*ToolError].
func (t *Tool) render(template *idtemplate.Template, in *Input, caller Caller) (string, error) {
	id, err := template.Render(in.Arguments, func(name string) (string, error) {
		switch name {
		case idtemplate.Input:
			return in.Lean, nil
		case idtemplate.UUID:
			return uuid.NewString(), nil
		}
		return caller.Principal, nil
	})
	if value, ok := errors.AsType[*idtemplate.ValueError](err); ok && value.Placeholder[0] != '@' {
		return "", advice.InvalidArguments(t.Name, []string{pointer(value.Placeholder) + ": " + value.Problem})
	}
	if err != nil {
		return "", advice.Unauthorized()
	}
	return id, nil
}
