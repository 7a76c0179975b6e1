package call

import (
	"fmt"
	"strings"

	"github.com/durablemcp/durablemcp/internal/idtemplate"
)

// An Address is how the arguments of a tool name the workflow that it is
// about: by the placeholders of a template, or by workflow_id and run_id.
type Address struct {
	Template *idtemplate.Template // nil for workflow_id and run_id
}

// finds reports whether a tool with this address finds the execution that a call
// found by the given template, nil for none, if it is given the same arguments, or
// the workflow ID. Two tools that start one workflow type under different
// templates make different executions of the same arguments.
func (a Address) finds(by *idtemplate.Template) bool {
	return a.Template == nil || by != nil && a.Template.Equal(by)
}

// naming says which arguments name a workflow.
func (a Address) naming(workflowID string) string {
	if a.Template == nil {
		return fmt.Sprintf("the workflow_id %q", workflowID)
	}
	if names := a.Template.Arguments(); len(names) > 0 {
		return "the same " + strings.Join(names, ", ")
	}
	return "no arguments"
}
