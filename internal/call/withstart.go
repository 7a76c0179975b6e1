package call

import (
	"context"
	"encoding/json"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
)

// A WithStart is a checked durablemcp.WithStart.
type WithStart struct {
	*Starter
	Input *Arguments
}

// read takes the workflow's arguments out of those of the tool.
func (s *WithStart) read(in *Input) (*Input, error) {
	var given map[string]json.RawMessage // without defaults: these are the start's own
	if err := json.Unmarshal(in.Spelled, &given); err != nil {
		return nil, err
	}
	arguments := make(map[string]json.RawMessage)
	for _, name := range s.Input.Schema.Properties() {
		if value, ok := given[name]; ok {
			arguments[name] = value
		}
	}
	raw, err := json.Marshal(arguments)
	if err != nil {
		return nil, err
	}
	return s.Input.decode(raw)
}

// holder returns the run that has the ID of the workflow, if it is the one that the call
// means: with-start requests act on whatever has the ID. It returns nil if the run
// has closed or gone in between, so that the workflow can be started.
func (s *WithStart) holder(ctx context.Context, c *Call, m *messageInput, runID string) (*execution.Execution, error) {
	ctx, cancel := context.WithTimeout(ctx, execution.RequestTimeout)
	defer cancel()
	seen, err := c.Describe(ctx, m.key.ID, runID)
	switch {
	case execution.IsAbsent(err, m.key):
		return nil, nil //nolint:nilnil // there is none
	case err != nil:
		s.log(ctx, "describing a workflow failed", "workflow_id", m.key.ID, "error", err)
		return nil, advice.NothingDone(advice.ServiceFailure(err))
	case seen.Closed() && s.Restarts(seen.Info().GetStatus(), ForEver):
		return nil, nil //nolint:nilnil // Temporal lets it start again
	}
	return s.checkSameWork(ctx, seen, m.startInput, m.caller)
}
