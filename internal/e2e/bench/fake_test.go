package bench

import (
	"context"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
)

// fakeTemporal is a client whose workflows complete at once with a result. It
// encodes and decodes what the real one does.
type fakeTemporal struct {
	client.Client

	result *common.Payloads
}

func newFake(result any) (*fakeTemporal, error) {
	payloads, err := converter.GetDefaultDataConverter().ToPayloads(result)
	return &fakeTemporal{result: payloads}, err
}

func (f *fakeTemporal) ExecuteWorkflow(_ context.Context, options client.StartWorkflowOptions, _ any, args ...any) (client.WorkflowRun, error) {
	dc := converter.GetDefaultDataConverter()
	if _, err := dc.ToPayloads(args...); err != nil {
		return nil, err
	}
	for _, value := range options.Memo {
		if _, err := dc.ToPayload(value); err != nil {
			return nil, err
		}
	}
	return fakeRun{id: options.ID, fake: f}, nil
}

func (f *fakeTemporal) GetWorkflow(_ context.Context, id, _ string) client.WorkflowRun {
	return fakeRun{id: id, fake: f}
}

type fakeRun struct {
	client.WorkflowRun

	id   string
	fake *fakeTemporal
}

func (r fakeRun) GetID() string    { return r.id }
func (r fakeRun) GetRunID() string { return "run" }

func (r fakeRun) Get(_ context.Context, into any) error {
	return converter.GetDefaultDataConverter().FromPayloads(r.fake.result, into)
}
