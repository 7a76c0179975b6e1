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
		"InvalidArgument":      {coded(codes.InvalidArgument), false, errRefused, false, started, errRefused},
		"OutOfRange":           {coded(codes.OutOfRange), false, errRefused, false, started, errRefused},
		"NotFound":             {coded(codes.NotFound), false, errRefused, false, started, errRefused},
		"AlreadyExists":        {coded(codes.AlreadyExists), false, errRefused, false, started, errRefused},
		"PermissionDenied":     {coded(codes.PermissionDenied), false, errRefused, false, started, errRefused},
		"Unauthenticated":      {coded(codes.Unauthenticated), false, errRefused, false, started, errRefused},
		"FailedPrecondition":   {coded(codes.FailedPrecondition), false, errRefused, false, started, errRefused},
		"Aborted":              {coded(codes.Aborted), false, errRefused, false, started, errRefused},
		"Unimplemented":        {coded(codes.Unimplemented), false, errRefused, false, started, errRefused},
		"ResourceExhausted":    {coded(codes.ResourceExhausted), false, errBusy, true, started, errBusy},
		"Unavailable":          {coded(codes.Unavailable), false, errUnknownOutcome, true, unknown, errUnavailable},
		"DeadlineExceeded":     {coded(codes.DeadlineExceeded), false, errUnknownOutcome, true, unknown, errUnavailable},
		"Canceled":             {coded(codes.Canceled), false, errUnknownOutcome, true, unknown, errUnavailable},
		"Internal":             {coded(codes.Internal), false, errUnknownOutcome, true, unknown, errUnavailable},
		"DataLoss":             {coded(codes.DataLoss), false, errUnknownOutcome, true, unknown, errUnavailable},
		"Unknown":              {coded(codes.Unknown), false, errUnknownOutcome, true, unknown, errUnavailable},
		"a raw status":         {grpcstatus.Error(codes.Unauthenticated, "no token"), false, errRefused, false, started, errRefused},
		"namespace":            {serviceerror.NewNamespaceNotFound("prod"), false, errRefused, false, started, errRefused},
		"not active":           {serviceerror.NewNamespaceNotActive("prod", "a", "b"), false, errRefused, false, started, errRefused},
		"version":              {serviceerror.NewClientVersionNotSupported("1", "Go", "2"), false, errRefused, false, started, errRefused},
		"quota":                {serviceerror.NewResourceExhausted(enums.RESOURCE_EXHAUSTED_CAUSE_RPS_LIMIT, "namespace rate limit exceeded"), false, errBusy, true, started, errBusy},
		"codec":                {errors.New("codec.internal: connection refused"), true, errUnsent, true, started, errUnsent},
		"converter":            {errors.New("unable to encode"), true, errUnsent, true, started, errUnsent},
		"late, before sending": {context.DeadlineExceeded, true, errUnavailable, true, started, errUnavailable},
		"no server ever":       {errors.New("failed reaching server: dial"), false, errUnavailable, true, started, errUnavailable},
		"deadline":             {context.DeadlineExceeded, false, errUnknownOutcome, true, unknown, errUnavailable},
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
			read := nothingDone(serviceFailure(err))
			if read.Type != test.read || !strings.HasSuffix(read.Message, "Nothing was done.") || read.advice == "" {
				t.Errorf("a request that changes nothing fails with %+v; want the type %s", read, test.read)
			}
		})
	}
}

// TestUnreadableRecord holds that a codec that fails on the way back is told from
// one that fails before anything was sent.
func TestUnreadableRecord(t *testing.T) {
	t.Parallel()
	e := serviceFailure(&execution.UnreadableError{Err: errors.New("codec.internal is away")})
	if e.Type != errUnreadable || !e.Retryable || !strings.Contains(e.Message, "cannot read") {
		t.Errorf("got %+v", e)
	}
}
