package main

// For the scenarios tools-call-elicitation, elicitation-sep1034-defaults,
// elicitation-sep1330-enums, tools-call-with-progress,
// input-required-result-request-state, input-required-result-tampered-state and
// input-required-result-multi-round: workflows that ask and report.

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/invopop/jsonschema"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// asking are the tools whose workflows ask, and the one that reports.
var asking = []durablemcp.WorkflowTool{
	{Name: "test_elicitation", WorkflowID: "test_elicitation-{@uuid}", Description: "Shows a message to the user and asks for a name and an address.", Workflow: askUser},
	{Name: "test_elicitation_sep1034_defaults", WorkflowID: "test_elicitation_sep1034_defaults-{@uuid}", Description: "Asks the user to fill in a form that has defaults.", Workflow: askWithDefaults},
	{Name: "test_elicitation_sep1330_enums", WorkflowID: "test_elicitation_sep1330_enums-{@uuid}", Description: "Asks the user to choose from lists.", Workflow: askToChoose},
	{Name: "test_input_required_result_request_state", WorkflowID: "test_input_required_result_request_state-{@uuid}", Description: "Asks the user to confirm.", Workflow: askToConfirm},
	{Name: "test_input_required_result_tampered_state", WorkflowID: "test_input_required_result_tampered_state-{@uuid}", Description: "Asks the user to confirm.", Workflow: askToConfirm},
	{Name: "test_input_required_result_multi_round", WorkflowID: "test_input_required_result_multi_round-{@uuid}", Description: "Asks for a name, and then for a color.", Workflow: askInRounds},
	{Name: "test_tool_with_progress", WorkflowID: "test_tool_with_progress-{@uuid}", Description: "Reports its progress three times.", Workflow: reportProgress},
}

type prompt struct {
	Message string `json:"message" jsonschema:"description=The message to show the user."`
}

type user struct {
	Username string `json:"username" jsonschema:"description=User's response"`
	Email    string `json:"email" jsonschema:"description=User's email address"`
}

func askUser(ctx workflow.Context, in prompt) (string, error) {
	answer, err := durablemcp.Elicit[user](ctx, in.Message)
	return outcome("User response: ", answer, err)
}

// defaults has a default for every primitive type.
type defaults struct {
	Name     string  `json:"name" jsonschema:"default=John Doe"`
	Age      int     `json:"age" jsonschema:"default=30"`
	Score    float64 `json:"score" jsonschema:"default=95.5"`
	Status   string  `json:"status" jsonschema:"enum=active,enum=inactive,enum=pending,default=active"`
	Verified bool    `json:"verified" jsonschema:"default=true"`
}

func askWithDefaults(ctx workflow.Context) (string, error) {
	answer, err := durablemcp.Elicit[defaults](ctx, "Please review the defaults")
	return outcome("Elicitation completed: ", answer, err)
}

// choices has every way to choose from a list.
type choices struct {
	UntitledSingle string       `json:"untitledSingle,omitempty" jsonschema:"enum=option1,enum=option2,enum=option3"`
	TitledSingle   titled       `json:"titledSingle,omitempty"`
	LegacyEnum     legacy       `json:"legacyEnum,omitempty"`
	UntitledMulti  []string     `json:"untitledMulti,omitempty" jsonschema:"enum=option1,enum=option2,enum=option3"`
	TitledMulti    []titledItem `json:"titledMulti,omitempty"`
}

type (
	titled     string
	titledItem string
	legacy     string
)

// JSONSchema implements the interface by which a type brings its schema along.
func (titled) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", OneOf: options("Option")}
}

// JSONSchema implements the interface by which a type brings its schema along.
func (titledItem) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: options("Choice")}
}

// JSONSchema implements the interface by which a type brings its schema along.
func (legacy) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "string", Enum: []any{"opt1", "opt2", "opt3"},
		Extras: map[string]any{"enumNames": []string{"Option One", "Option Two", "Option Three"}},
	}
}

func options(noun string) []*jsonschema.Schema {
	list := make([]*jsonschema.Schema, 3)
	for i, ordinal := range []string{"First", "Second", "Third"} {
		list[i] = &jsonschema.Schema{Const: fmt.Sprintf("value%d", i+1), Title: ordinal + " " + noun}
	}
	return list
}

func askToChoose(ctx workflow.Context) (string, error) {
	answer, err := durablemcp.Elicit[choices](ctx, "Please choose")
	return outcome("Elicitation completed: ", answer, err)
}

func askToConfirm(ctx workflow.Context) (string, error) {
	answer, err := durablemcp.Elicit[struct {
		OK bool `json:"ok"`
	}](ctx, "Please confirm")
	return outcome("state-ok, ", answer, err)
}

func askInRounds(ctx workflow.Context) (string, error) {
	who, err := durablemcp.Elicit[person](ctx, "Step 1: What is your name?")
	if err != nil {
		return "", err
	}
	color, err := durablemcp.Elicit[struct {
		Color string `json:"color"`
	}](ctx, "Step 2: What is your favorite color?")
	return fmt.Sprintf("%s likes %s.", who.Name, color.Color), err
}

// outcome says what the user has done.
func outcome(intro string, answer any, err error) (string, error) {
	switch {
	case errors.Is(err, durablemcp.ErrElicitationDeclined):
		return intro + "action=decline", nil
	case errors.Is(err, durablemcp.ErrElicitationCancelled):
		return intro + "action=cancel", nil
	case err != nil:
		return "", err
	}
	content, err := json.Marshal(answer) //workflowcheck:ignore // it depends on the answer alone
	return fmt.Sprintf("%saction=accept, content=%s", intro, content), err
}

func reportProgress(ctx workflow.Context) (string, error) {
	for _, done := range []float64{0, 50, 100} {
		if err := durablemcp.ReportProgress(ctx, done, 100, ""); err != nil {
			return "", err
		}
		if err := workflow.Sleep(ctx, 500*time.Millisecond); err != nil {
			return "", err
		}
	}
	return "All steps are done.", nil
}
