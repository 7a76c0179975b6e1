package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/durablemcp/durablemcp/examples/invoice/billing"
)

// What models are told.
func TestPublishedTools(t *testing.T) {
	t.Parallel()
	tools, err := shared(t).connect(t, submitterToken).session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	published := map[string]string{}
	for _, tool := range tools.Tools {
		schema, err := json.Marshal(tool.InputSchema)
		if err != nil {
			t.Fatal(err)
		}
		published[tool.Name] = string(schema)
		if tool.Name != "process_invoice" && !strings.Contains(string(schema), `"pattern":"^[A-Za-z0-9][A-Za-z0-9._-]*$"`) {
			t.Errorf("%s does not say what an invoice_id looks like: %s", tool.Name, schema)
		}
		if tool.Title == "" || tool.Description == "" || tool.OutputSchema == nil {
			t.Errorf("%s is not described: %+v", tool.Name, tool)
		}
		reads := tool.Name == "invoice_status" || tool.Name == "await_invoice" || tool.Name == "inspect_invoice"
		if tool.Annotations == nil || tool.Annotations.ReadOnlyHint != reads {
			t.Errorf("%s has the annotations %+v", tool.Name, tool.Annotations)
		}
	}
	for _, want := range []string{
		fmt.Sprintf(`"maxItems":%d`, billing.MaxLines), `"minItems":1`, `"format":"date"`, `"type":"string"`,
		`"required":["invoice_id","customer","lines"]`, `"required":["description","amount","due_date"]`, `"examples":["125.50"]`,
	} {
		if !strings.Contains(published["process_invoice"], want) {
			t.Errorf("the schema of process_invoice does not contain %s:\n%s", want, published["process_invoice"])
		}
	}
	for _, forbidden := range []string{"$ref", "allOf", "anyOf", "number"} {
		if strings.Contains(published["process_invoice"], `"`+forbidden+`"`) {
			t.Errorf("the schema of process_invoice contains %s:\n%s", forbidden, published["process_invoice"])
		}
	}
	names := make([]string, 0, len(published))
	for name := range published {
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{"approve_invoice", "await_invoice", "inspect_invoice", "invoice_status", "process_invoice", "reject_invoice", "review_invoice", "withdraw_invoice"}
	if !slices.Equal(names, want) {
		t.Errorf("the tools are %v, want %v", names, want)
	}
}
