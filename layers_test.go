package durablemcp_test

import (
	"slices"
	"strings"
	"testing"
)

const module = "github.com/durablemcp/durablemcp"

// A layer is a package: what it may import of the module, and what it must not import of
// others, with the reason. docs/architecture.md describes the layers.
type layer struct {
	may     []string
	mustNot map[string]string
}

const (
	mcpSDK         = "github.com/modelcontextprotocol/go-sdk"
	temporalClient = "go.temporal.io/sdk/client"
	workflows      = "go.temporal.io/sdk/workflow"
)

var (
	inWorkflows = map[string]string{
		mcpSDK:         "workflow code knows no clients: it would run in workers that have no MCP server",
		temporalClient: "workflow code must be deterministic, and a client makes requests",
	}
	onServer = map[string]string{workflows: "what runs in a workflow belongs to package ask"}
	leaf     = map[string]string{mcpSDK: "a leaf of the house speaks no protocol", temporalClient: "a leaf of the house makes no requests"}
)

// layers are all packages of the module. The root is on top.
var layers = map[string]layer{
	"":                    {may: []string{"internal/advice", "internal/ask", "internal/call", "internal/declare", "internal/execution", "internal/httpserver", "internal/idtemplate", "internal/listen", "internal/memo", "internal/schema", "internal/task"}},
	"internal/declare":    {may: []string{"internal/idtemplate", "internal/memo", "internal/schema"}, mustNot: map[string]string{mcpSDK: "declarations are checked before there is a server"}},
	"internal/call":       {may: []string{"internal/advice", "internal/execution", "internal/idtemplate", "internal/lifetime", "internal/memo", "internal/peer", "internal/redact", "internal/rpc", "internal/schema", "internal/task", "internal/token"}, mustNot: onServer},
	"internal/httpserver": {may: []string{"internal/lifetime", "internal/listen", "internal/peer", "internal/redact", "internal/task"}, mustNot: onServer},
	"internal/task":       {may: []string{"internal/execution", "internal/listen", "internal/memo", "internal/peer", "internal/redact", "internal/rpc", "internal/token"}, mustNot: onServer},
	"internal/advice":     {may: []string{"internal/execution", "internal/memo", "internal/redact", "internal/rpc"}, mustNot: onServer},
	"internal/execution":  {may: []string{"internal/idtemplate", "internal/memo", "internal/redact"}, mustNot: map[string]string{mcpSDK: "an execution is Temporal's: what clients are told of it belongs to package call", workflows: onServer[workflows]}},
	"internal/ask":        {may: []string{"internal/memo", "internal/redact", "internal/schema"}, mustNot: inWorkflows},
	"internal/memo":       {mustNot: inWorkflows},
	"internal/peer":       {may: []string{"internal/memo"}},
	"internal/lifetime":   {},
	"internal/listen":     {},
	"internal/rpc":        {},
	"internal/token":      {may: []string{"internal/idtemplate"}, mustNot: leaf},
	"internal/idtemplate": {mustNot: leaf},
	"internal/redact":     {mustNot: leaf},
	"internal/schema":     {may: []string{"internal/jsonread", "internal/jsontree"}, mustNot: leaf},
	"internal/jsonread":   {may: []string{"internal/jsontree"}, mustNot: leaf},
	"internal/jsontree":   {mustNot: leaf},
	"taskclient":          {},
}

// TestLayers holds what each package imports of the module, and what none of its kind may
// import: imports go down only.
func TestLayers(t *testing.T) {
	t.Parallel()
	for _, name := range goList(t, ".", "-f", "{{.ImportPath}}", "./...") {
		name = strings.TrimPrefix(strings.TrimPrefix(name, module), "/")
		of, known := layers[name]
		if !known {
			t.Errorf("package %q is in no layer: add it to layers and to docs/architecture.md", name)
			continue
		}
		for _, path := range goList(t, ".", "-f", `{{join .Imports " "}}`, "./"+name) {
			for path := range strings.SplitSeq(path, "@") { // by which goList separates the words of a line
				if ours, isOurs := strings.CutPrefix(path, module+"/"); isOurs && !slices.Contains(of.may, ours) {
					t.Errorf("%q imports %q, which is not below it", name, ours)
				}
				for prefix, reason := range of.mustNot {
					if strings.HasPrefix(path, prefix) {
						t.Errorf("%q imports %s: %s", name, path, reason)
					}
				}
			}
		}
	}
}
