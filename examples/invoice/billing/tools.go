package billing

import (
	"context"
	"errors"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"

	"github.com/durablemcp/durablemcp"
)

// TaskQueue is where the workers of all workflows listen.
const TaskQueue = "invoice"

// WorkflowType is the name of [ProcessInvoice] in Temporal.
const WorkflowType = "ProcessInvoice"

// workflowID names an invoice's workflow after the invoice: submitted twice,
// it is one invoice.
const workflowID = "invoice-{invoice_id}"

// An Access says who may do what with an invoice of somebody else's. Whoever
// submitted an invoice may always ask about it and withdraw it.
type Access struct {
	// Decide is who may review, approve and reject. The submitter is not
	// excepted.
	Decide durablemcp.AllowFunc

	// Read is who may ask about an invoice.
	Read durablemcp.AllowFunc
}

// Tools declares the workflow as MCP tools.
func Tools(access Access) []durablemcp.Tool {
	return append(submitterTools(access), approverTools(access)...)
}

// nobody is who may answer what an invoice asks through calls of a tool that
// is not there to decide, and through their tasks: not even an approver, who is
// asked by review_invoice.
func nobody(context.Context, durablemcp.AnswerRequest) error {
	return errors.New("invoices are decided about through other tools")
}

// decideAnswer lets those answer who may decide.
func (a Access) decideAnswer(ctx context.Context, r durablemcp.AnswerRequest) error {
	return a.Decide(ctx, r.AccessRequest)
}

func submitterTools(access Access) []durablemcp.Tool {
	return []durablemcp.Tool{
		durablemcp.WorkflowTool{
			Name:  "process_invoice",
			Title: "Submit an invoice",
			Description: "Submit an invoice for payment. It is compared with the ERP, approved (by policy if it is small, otherwise " +
				"by a human, which can take days) and paid line by line on the due dates. Returns at once: follow it with " +
				"invoice_status or await_invoice. Submitting the same invoice again does no harm; an invoice that was rejected or " +
				"has failed needs a new invoice_id to be submitted again.",
			Workflow: ProcessInvoice, WorkflowType: WorkflowType, TaskQueue: TaskQueue, Mode: durablemcp.ModeStart,
			WorkflowID:            workflowID,
			SharedID:              true, // with the approvers
			WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
			// The submitter is not there to decide, through whichever tool or task.
			AllowAnswer: access.decideAnswer,
		},
		durablemcp.QueryTool{
			Name:  "invoice_status",
			Title: "Status of an invoice",
			Description: "Get the state of an invoice and why it is in it, what became of each line, and the history of all states. " +
				"Works at any time, also after the invoice was paid or rejected.",
			Workflow: ProcessInvoice, WorkflowType: WorkflowType, Query: GetInvoiceStatus, Output: Status{},
			WorkflowID: workflowID, Allow: access.Read,
		},
		durablemcp.ResultTool{
			Name:        "await_invoice",
			Title:       "Wait for an invoice",
			Description: "Wait until an invoice is PAID, REJECTED or FAILED, and get its status. If that takes longer, says so.",
			Workflow:    ProcessInvoice, WorkflowType: WorkflowType,
			WorkflowID: workflowID, Allow: access.Read, AllowAnswer: nobody,
		},
		durablemcp.StatusTool{
			Name:  "inspect_invoice",
			Title: "What an invoice is waiting for",
			Description: "Look at the machinery behind an invoice: which step runs now, how often it was tried, why it failed last " +
				"and when it is tried next; payments are listed, without their attempts. Use it if an invoice stays in one state " +
				"for too long.",
			Workflow: ProcessInvoice, WorkflowType: WorkflowType,
			WorkflowID: workflowID, Allow: access.Read,
		},
		durablemcp.CancelTool{
			Name:  "withdraw_invoice",
			Title: "Withdraw an invoice",
			Description: "Take back an invoice that you submitted. Lines that are paid, or whose charge is under way, stay paid; " +
				"nothing else will be. invoice_status says what became of it.",
			Workflow: ProcessInvoice, WorkflowType: WorkflowType,
			WorkflowID: workflowID,
		},
	}
}

func approverTools(access Access) []durablemcp.Tool {
	return []durablemcp.Tool{
		durablemcp.ResultTool{
			Name:  "review_invoice",
			Title: "Review an invoice",
			Description: "Let the human approve or reject an invoice: as soon as it is PENDING-APPROVAL, the client asks them. For " +
				"approvers only. Waits until the invoice is PAID, REJECTED or FAILED, and returns its status; if that takes " +
				"longer, says so. If this client cannot ask, use approve_invoice or reject_invoice when the human has told you " +
				"what to do.",
			Workflow: ProcessInvoice, WorkflowType: WorkflowType,
			WorkflowID: workflowID, Allow: access.Decide,
			Annotations: &mcp.ToolAnnotations{IdempotentHint: true}, // not read-only: an answer decides
		},
		durablemcp.UpdateTool{
			Name:  "approve_invoice",
			Title: "Approve an invoice",
			Description: "Approve an invoice that is PENDING-APPROVAL, so that it is paid. For approvers only: call it if a human " +
				"has told you to approve this invoice. Returns the invoice's status after that; if the invoice has ended already, " +
				"nothing happens, and invoice_status says how it ended.",
			Workflow: ProcessInvoice, WorkflowType: WorkflowType, Update: ApproveInvoice, Input: Approval{}, Output: Status{},
			WorkflowID: workflowID, Allow: access.Decide,
		},
		durablemcp.UpdateTool{
			Name:  "reject_invoice",
			Title: "Reject an invoice",
			Description: "Reject an invoice that is PENDING-APPROVAL, so that it is not paid. For approvers only: call it if a human " +
				"has told you to reject this invoice. Returns the invoice's status after that; if the invoice has ended already, " +
				"nothing happens, and invoice_status says how it ended.",
			Workflow: ProcessInvoice, WorkflowType: WorkflowType, Update: RejectInvoice, Input: Rejection{}, Output: Status{},
			WorkflowID: workflowID, Allow: access.Decide,
		},
	}
}
