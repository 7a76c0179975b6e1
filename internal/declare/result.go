package declare

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/durablemcp/durablemcp/internal/schema"
)

// A Result is the result of a tool.
type Result struct {
	Type   reflect.Type   // nil if it is not known
	Schema *schema.Output // nil if there is no result
}

// Published returns the output schema that clients see, nil if there is none.
func (r *Result) Published() any {
	if r.Schema == nil || r.Schema.JSON() == nil {
		return nil // and not a nil json.RawMessage, which would be published as null
	}
	return r.Schema.JSON()
}

// WorkflowResult checks the fields that say what the workflow's result is,
// beside other answers of the tool. It returns nil after a mistake.
func (d *Declaration) WorkflowResult(ref *WorkflowRef, output any, others ...json.RawMessage) *Result {
	if !ref.isFunc {
		return d.Result(reflect.TypeOf(output), "Output", others...)
	}
	if output != nil {
		d.Mistake("Output", fmt.Sprintf("a %T", output), "nothing: the function says what its result is")
		return nil
	}
	if ref.shape.Result == nil {
		return &Result{}
	}
	return d.Result(ref.shape.Result, "Workflow", others...)
}

// Result makes the output of results of a type, nil if it is not known, beside
// other answers. It returns nil after a mistake.
func (d *Declaration) Result(t reflect.Type, field string, others ...json.RawMessage) *Result {
	s, err := schema.ForOutput(t, others...)
	if err != nil {
		d.typeMistakes(field, err)
		return nil
	}
	return &Result{Type: t, Schema: s}
}
