package call

import (
	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
)

// Siblings are the tools of a registry that answers of its other tools name, by workflow type.
// They are complete once all tools are declared.
type Siblings struct {
	Results map[string][]Sibling // wait for the workflow's result
	Answers map[string][]Sibling // answer what the workflow asks
}

// A Sibling is a tool as others name it.
type Sibling struct {
	Name    string
	Address Address
}

// resultTool returns the first of the tools that finds the execution of a workflow type which a
// call found by the template, nil if none does.
func (s *Siblings) resultTool(workflowType string, by *idtemplate.Template) *Sibling {
	return finding(s.Results[workflowType], by)
}

// answersWith says which tool answers what the workflow asks, "" if none finds it.
func (s *Siblings) answersWith(workflowType string, by *idtemplate.Template, workflowID string) string {
	tool := finding(s.Answers[workflowType], by)
	if tool == nil {
		return ""
	}
	return advice.CallAnswerTool(tool.Name, tool.Address.naming(workflowID))
}

func finding(tools []Sibling, by *idtemplate.Template) *Sibling {
	for i, tool := range tools {
		if tool.Address.finds(by) {
			return &tools[i]
		}
	}
	return nil
}

// A NextStep tells a model what to do after an answer that is not a result.
type NextStep interface {
	// GoOn says how to get at the result of a workflow that is still running.
	GoOn(workflowID string) string
	// AfterFailure says whether the same call again can help, and sets
	// e.Retryable accordingly.
	AfterFailure(e *advice.ToolError)
}

// Repeat is the [NextStep] of a tool that starts workflows.
type Repeat struct {
	*Starter
	*Siblings
}

// GoOn is as in [NextStep].
func (n *Repeat) GoOn(workflowID string) string {
	if tool := n.resultTool(n.WorkflowType, n.Template); tool != nil {
		return advice.CallResultTool(tool.Name, tool.Address.naming(workflowID))
	}
	return n.repeatability().GoOn(n.Name, workflowID)
}

// AfterFailure is as in [NextStep].
func (n *Repeat) AfterFailure(e *advice.ToolError) { n.repeatability().Advise(e) }

// AwaitAgain is the [NextStep] of a durablemcp.ResultTool.
type AwaitAgain struct{ *Tool }

// GoOn is as in [NextStep].
func (n AwaitAgain) GoOn(string) string { return advice.AwaitAgain(n.Name) }

// AfterFailure is as in [NextStep].
func (n AwaitAgain) AfterFailure(e *advice.ToolError) { advice.AfterAwaitedFailure(e) }
