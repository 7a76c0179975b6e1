package durablemcp

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	grpcstatus "google.golang.org/grpc/status"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/execution"
)

// failingTemporal is a client whose requests fail, after they were sent or before.
type failingTemporal struct {
	client.Client
	err    error
	unsent bool
}

func (f *failingTemporal) fail(ctx context.Context) error {
	if !f.unsent {
		_, _ = metadata.FromOutgoingContext(ctx) // as gRPC does
	}
	return f.err
}

func (f *failingTemporal) ExecuteWorkflow(ctx context.Context, _ client.StartWorkflowOptions, _ any, _ ...any) (client.WorkflowRun, error) {
	return nil, f.fail(ctx)
}

// TestEveryCode holds what is said of every gRPC code, and of the errors of the
// client itself: whether anything was done, and whether the same call again can
// help. A start under a template and one of its own kind stand for requests that
// are safe to repeat and that are not.
func TestEveryCode(t *testing.T) {
	t.Parallel()
	coded := func(code codes.Code) error {
		return serviceerror.FromStatus(grpcstatus.New(code, "secret.internal says no"))
	}
	const started, unknown = "Nothing was started", "It is not known whether the workflow"
	for name, test := range map[string]struct {
		err       error
		unsent    bool
		errorType string
		retryable bool   // of a call that maps to one workflow
		start     string // what a start says of it
		read      string // the type of the error of a request that changes nothing
	}{
		"InvalidArgument":      {coded(codes.InvalidArgument), false, advice.TypeRefused, false, started, advice.TypeRefused},
		"OutOfRange":           {coded(codes.OutOfRange), false, advice.TypeRefused, false, started, advice.TypeRefused},
		"NotFound":             {coded(codes.NotFound), false, advice.TypeRefused, false, started, advice.TypeRefused},
		"AlreadyExists":        {coded(codes.AlreadyExists), false, advice.TypeRefused, false, started, advice.TypeRefused},
		"PermissionDenied":     {coded(codes.PermissionDenied), false, advice.TypeRefused, false, started, advice.TypeRefused},
		"Unauthenticated":      {coded(codes.Unauthenticated), false, advice.TypeRefused, false, started, advice.TypeRefused},
		"FailedPrecondition":   {coded(codes.FailedPrecondition), false, advice.TypeRefused, false, started, advice.TypeRefused},
		"Aborted":              {coded(codes.Aborted), false, advice.TypeRefused, false, started, advice.TypeRefused},
		"Unimplemented":        {coded(codes.Unimplemented), false, advice.TypeRefused, false, started, advice.TypeRefused},
		"ResourceExhausted":    {coded(codes.ResourceExhausted), false, advice.TypeBusy, true, started, advice.TypeBusy},
		"Unavailable":          {coded(codes.Unavailable), false, advice.TypeUnknownOutcome, true, unknown, advice.TypeUnavailable},
		"DeadlineExceeded":     {coded(codes.DeadlineExceeded), false, advice.TypeUnknownOutcome, true, unknown, advice.TypeUnavailable},
		"Canceled":             {coded(codes.Canceled), false, advice.TypeUnknownOutcome, true, unknown, advice.TypeUnavailable},
		"Internal":             {coded(codes.Internal), false, advice.TypeUnknownOutcome, true, unknown, advice.TypeUnavailable},
		"DataLoss":             {coded(codes.DataLoss), false, advice.TypeUnknownOutcome, true, unknown, advice.TypeUnavailable},
		"Unknown":              {coded(codes.Unknown), false, advice.TypeUnknownOutcome, true, unknown, advice.TypeUnavailable},
		"a raw status":         {grpcstatus.Error(codes.Unauthenticated, "no token"), false, advice.TypeRefused, false, started, advice.TypeRefused},
		"namespace":            {serviceerror.NewNamespaceNotFound("prod"), false, advice.TypeRefused, false, started, advice.TypeRefused},
		"not active":           {serviceerror.NewNamespaceNotActive("prod", "a", "b"), false, advice.TypeRefused, false, started, advice.TypeRefused},
		"version":              {serviceerror.NewClientVersionNotSupported("1", "Go", "2"), false, advice.TypeRefused, false, started, advice.TypeRefused},
		"quota":                {serviceerror.NewResourceExhausted(enums.RESOURCE_EXHAUSTED_CAUSE_RPS_LIMIT, "namespace rate limit exceeded"), false, advice.TypeBusy, true, started, advice.TypeBusy},
		"codec":                {errors.New("codec.internal: connection refused"), true, advice.TypeUnsent, true, started, advice.TypeUnsent},
		"converter":            {errors.New("unable to encode"), true, advice.TypeUnsent, true, started, advice.TypeUnsent},
		"late, before sending": {context.DeadlineExceeded, true, advice.TypeUnavailable, true, started, advice.TypeUnavailable},
		"no server ever":       {errors.New("failed reaching server: dial"), false, advice.TypeUnavailable, true, started, advice.TypeUnavailable},
		"deadline":             {context.DeadlineExceeded, false, advice.TypeUnknownOutcome, true, unknown, advice.TypeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for template, repeatable := range map[string]bool{"parcel-{id}": true, "parcel-{@uuid}": false} {
				tool := shipTool()
				tool.WorkflowID = template
				m := mountOn(t, Options{}, tool, &failingTemporal{err: test.err, unsent: test.unsent})
				result := m.call(`{"id":"a","weight":1}`)
				e := errorOf(t, result)
				if e == nil || e.Type != test.errorType {
					t.Fatalf("%s: got %+v; want the type %s", template, e, test.errorType)
				}
				if want := test.retryable && (repeatable || test.start == started); e.Retryable != want {
					t.Errorf("%s: retryable is %v, want %v", template, e.Retryable, want)
				}
				text := textOf(result)
				if !strings.Contains(text, test.start) || strings.Contains(text, map[string]string{started: unknown, unknown: started}[test.start]) {
					t.Errorf("%s: the text does not say just that %q: %s", template, test.start, text)
				}
				if strings.Contains(text, "internal") || strings.Contains(text, "dial") {
					t.Errorf("%s: the text shows internals: %s", template, text)
				}
			}
			err := test.err
			if test.unsent {
				err = execution.Send(t.Context(), func(context.Context) error { return test.err })
			}
			read := advice.NothingDone(advice.ServiceFailure(err))
			if read.Type != test.read || !strings.HasSuffix(read.Message, "Nothing was done.") || read.Advice == "" {
				t.Errorf("a request that changes nothing fails with %+v; want the type %s", read, test.read)
			}
		})
	}
}

// TestUnreadableRecord holds that a codec that fails on the way back is told from
// one that fails before anything was sent.
func TestUnreadableRecord(t *testing.T) {
	t.Parallel()
	e := advice.ServiceFailure(&execution.UnreadableError{Err: errors.New("codec.internal is away")})
	if e.Type != advice.TypeUnreadable || !e.Retryable || !strings.Contains(e.Message, "cannot read") {
		t.Errorf("got %+v", e)
	}
}
