package declare

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"go.temporal.io/sdk/workflow"
)

type workflows struct{}

func (workflows) Method(workflow.Context, int) error { return nil }

func named(workflow.Context, string, *int) (bool, error) { return false, nil }

func generic[T any](workflow.Context, T) error { return nil }

func TestInspect(t *testing.T) {
	t.Parallel()
	shape, err := inspect(named)
	if err != nil || len(shape.Args) != 2 || shape.Args[1] != reflect.TypeFor[*int]() || shape.Result != reflect.TypeFor[bool]() {
		t.Errorf("inspect(named) = %v, %v", shape, err)
	}
	shape, err = inspect(workflows{}.Method)
	if err != nil || len(shape.Args) != 1 || shape.Result != nil {
		t.Errorf("inspect(method) = %v, %v", shape, err)
	}
	var null func(workflow.Context) error
	for _, fn := range []any{
		nil, 7, "name", null,
		func() error { return nil },
		func(context.Context) error { return nil },
		func(workflow.Context) {},
		func(workflow.Context) int { return 0 },
		func(workflow.Context) (int, int, error) { return 0, 0, nil },
		func(workflow.Context, ...int) error { return nil },
	} {
		if shape, err := inspect(fn); err == nil {
			t.Errorf("inspect(%T) = %v; want an error", fn, shape)
		}
	}
}

func TestNameOf(t *testing.T) {
	t.Parallel()
	for want, fn := range map[string]any{"named": named, "Method": workflows{}.Method} {
		if got, err := nameOf(fn); got != want || err != nil {
			t.Errorf("nameOf(%T) = %q, %v; want %q", fn, got, err, want)
		}
	}
	local := func(workflow.Context) error { return nil }
	nested := func() any { return func(workflow.Context) error { return nil } }()
	for want, fn := range map[string]any{"function literal": local, "literal declare": nested, "generic function": generic[int]} {
		if name, err := nameOf(fn); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nameOf(%T) = %q, %v; want an error with %q", fn, name, err, want)
		}
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	if !sameFunc(named, named) || sameFunc(named, workflows{}.Method) {
		t.Error("sameFunc does not tell functions apart")
	}
}
