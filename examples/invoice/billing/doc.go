// Package billing takes invoices from their arrival to their payment. It is the
// durable part of the invoice example, and the part to copy: the workflow of an
// invoice, the child workflow that pays a line, their activities, and their
// declaration as MCP tools.
package billing
