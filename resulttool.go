package durablemcp

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/handle"
)

// A ResultTool is a tool that waits for a workflow that was started earlier,
// and answers as the [WorkflowTool] would have: with the workflow's result, how
// it failed, or that it is still running. It changes nothing.
//
// Answers that a workflow is still running name the ResultTool of its workflow
// type, so that a model knows how to go on.
type ResultTool struct {
	// Name, Title, Description, Annotations, Icons and Meta are as in
	// [WorkflowTool]. Without Annotations, the tool is said to be read-only.
	Name, Title, Description string
	Annotations              *mcp.ToolAnnotations
	Icons                    []mcp.Icon
	Meta                     mcp.Meta

	// Workflow, WorkflowType and Output name the workflow and its result, as in
	// [WorkflowTool]. Only executions of this workflow type are waited for.
	// Workflow is required.
	Workflow     any
	WorkflowType string
	Output       any

	// WorkflowID and IDScope are as in [SignalTool].
	WorkflowID string
	IDScope    IDScope

	// Wait is how long a call waits for the result. If zero, defaults to
	// [Options.Wait].
	Wait time.Duration

	// TaskSupport says whether calls can become tasks, as in [WorkflowTool].
	// The task is the workflow that is waited for; tasks/cancel cancels it if
	// it is the caller's own.
	TaskSupport TaskSupport

	// Allow decides who may see the result of another caller's workflow. If
	// nil, only the principal that started it may.
	Allow AllowFunc
	// AllowAnswer keeps callers from answering through this tool and its tasks who
	// may answer by AllowAnswer of the [WorkflowTool] that starts the workflow. It is
	// a mistake where that has none, for it would let others answer. Only in a
	// registry without a tool that starts the workflow, it decides alone; if it is
	// nil in all tools there, only the owner answers.
	AllowAnswer AnswerFunc
}

type resultTool struct {
	message
	waiter *waiter
}

func (t ResultTool) declare(d *declaration) *binding {
	d.identity(t.Name, t.Description)
	d.checkDuration("Wait", t.Wait)
	d.checkTaskSupport(t.TaskSupport)
	m := d.message(messageFields{workflow: t.Workflow, workflowType: t.WorkflowType, workflowID: t.WorkflowID, scope: t.IDScope, allow: t.Allow})
	if m == nil {
		return nil
	}
	out := d.resultOf(t)
	if out == nil {
		return nil
	}
	tool := &resultTool{*m, &waiter{
		base: m.base, output: out, wait: cmp.Or(t.Wait, d.opts.Wait), next: askAgain{m.base},
		allow: t.Allow, tasks: t.TaskSupport, inline: d.opts.InlineWait, answers: d.answers, rule: d.answerRule(m.workflowType), allowAnswer: t.AllowAnswer, template: m.address.template,
	}}
	if t.AllowAnswer != nil {
		rule := d.answerRule(m.workflowType)
		rule.narrowed = append(rule.narrowed, narrowing{d.name, d.index, t.AllowAnswer})
	}
	d.tasks[t.Name] = tool.waiter
	d.results[m.workflowType] = append(d.results[m.workflowType], tool)
	return d.bind(m.base, tool.waiter.withTasks(tool.call), mcp.Tool{
		Title: t.Title, Description: t.Description, Icons: t.Icons, Meta: t.Meta,
		Annotations: cmp.Or(t.Annotations, &mcp.ToolAnnotations{ReadOnlyHint: true}),
		InputSchema: m.input.schema.JSON(), OutputSchema: out.published(),
	})
}

// resultOf checks the field Output against the workflow, whose mistakes are
// recorded already.
func (d *declaration) resultOf(t ResultTool) *outputBinding {
	quiet := &declaration{declarations: newDeclarations(Options{}), name: d.name}
	return d.workflowResult(quiet.workflow(t.Workflow, t.WorkflowType), t.Output, json.RawMessage(runningSchema))
}

func (t *resultTool) call(ctx context.Context, c *execution.Client, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	called := time.Now()
	m, err := t.read(ctx, req)
	if err != nil {
		return nil, err
	}
	e, err := t.find(ctx, c, m.key, m.caller)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	if state := req.Params.RequestState; state != "" {
		h, err := handle.Parse(state)
		h.Holder = m.caller.Principal
		if err != nil || h.Round == "" || h.WorkflowID != e.ID || h.FirstRunID != e.FirstRunID || h.Tool != t.name || !h.By(e.Record.Salt, t.opts.Secret) {
			return nil, badRequestState()
		}
	}
	return t.waiter.result(ctx, c, req, m.caller, e, called)
}
