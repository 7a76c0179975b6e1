package forecast

import (
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp"
)

// TaskQueue is where the workers of both workflows listen.
const TaskQueue = "weather"

// Tools declares the workflows as MCP tools.
func Tools() []durablemcp.Tool {
	outside := true
	readOnly := &mcp.ToolAnnotations{ReadOnlyHint: true, OpenWorldHint: &outside}
	return []durablemcp.Tool{
		durablemcp.WorkflowTool{
			Name:        "get_forecast",
			Title:       "Weather forecast",
			Description: "Get the weather forecast of the coming week for a place in the United States. Takes the place's latitude and longitude in decimal degrees; longitudes in the US are negative.",
			Workflow:    GetForecast,
			ArgNames:    []string{"latitude", "longitude"},
			TaskQueue:   TaskQueue,
			// Calls for one place share one workflow while it runs.
			WorkflowID:  "forecast-{latitude}-{longitude}",
			Annotations: readOnly,
		},
		durablemcp.WorkflowTool{
			Name:        "get_alerts",
			Title:       "Weather alerts",
			Description: "Get the weather alerts that are in force in a US state.",
			Workflow:    GetAlerts,
			TaskQueue:   TaskQueue,
			WorkflowID:  "alerts-{state}",
			Annotations: readOnly,
		},
	}
}
