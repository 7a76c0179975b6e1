package durablemcp

// TasksExtension is the identifier of MCP's tasks extension (SEP-2663), under
// which clients and servers declare that they support it.
const TasksExtension = "io.modelcontextprotocol/tasks"

// A TaskSupport says whether the calls of a tool can become tasks.
//
// A task is the workflow execution itself: its state, its questions and its
// result are read from Temporal, and nothing is kept in the server. Any server
// that has mounted the same tool on the same namespace can answer for it.
type TaskSupport int

const (
	// TaskOptional answers with a task if the client has declared the extension
	// on its request, and the workflow outlasts [Options.InlineWait]. Other
	// clients wait.
	TaskOptional TaskSupport = iota
	// TaskRequired refuses clients that have not declared the extension, with
	// the JSON-RPC error -32021.
	TaskRequired
	// TaskForbidden answers as if no client had declared the extension.
	TaskForbidden
)
