package e2e

import (
	"testing"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp"
)

// startBuild starts a worker of one build of the rig's deployment, whose workflow
// returns the build.
func (r *rig) startBuild(t *testing.T, c client.Client, build string) {
	t.Helper()
	w := worker.New(c, r.queue, worker.Options{DeploymentOptions: worker.DeploymentOptions{
		UseVersioning: true, Version: worker.WorkerDeploymentVersion{DeploymentName: r.queue, BuildID: build},
		DefaultVersioningBehavior: workflow.VersioningBehaviorPinned,
	}})
	w.RegisterWorkflowWithOptions(func(workflow.Context) (string, error) { return build, nil }, workflow.RegisterOptions{Name: "Build"})
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
}

// TestWorkerVersioningDecides holds that a workflow starts on the build that is
// current, though the process that starts it has a worker of another build: an
// eager start would take that.
func TestWorkerVersioningDecides(t *testing.T) {
	t.Parallel()
	for name, eager := range map[string]bool{"default": false, "eager": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setUp(t, options{noWorker: true, Options: durablemcp.Options{EagerStart: eager}}, func(queue string) []durablemcp.Tool {
				return []durablemcp.Tool{durablemcp.WorkflowTool{
					Name: "build", Description: "Test.", Workflow: "Build", TaskQueue: queue, Output: "", WorkflowID: queue + "-{@uuid}",
				}}
			})
			r.startBuild(t, r.temporal, "old") // on the client that starts workflows
			r.startBuild(t, connect(t, options{client: client.Options{Logger: quiet{}}}), "new")
			deployment := r.temporal.WorkerDeploymentClient().GetHandle(r.queue)
			eventually(t, "the new build is current", func() bool {
				_, err := deployment.SetCurrentVersion(t.Context(), client.WorkerDeploymentSetCurrentVersionOptions{BuildID: "new", IgnoreMissingTaskQueues: true})
				return err == nil
			})
			for range 10 {
				text := outcomeOf(r.call("build", `{}`)).Text
				if !eager && text != `{"result":"new"}` {
					t.Errorf("the workflow ran on the build %s; want the current one", text)
				}
				if eager {
					t.Logf("with eager start, the workflow ran on the build %s", text)
				}
			}
		})
	}
}
