package declare

import (
	"fmt"
	"reflect"
	"regexp"
	"runtime"
	"strings"

	"go.temporal.io/sdk/workflow"
)

var (
	contextType = reflect.TypeFor[workflow.Context]()
	errorType   = reflect.TypeFor[error]()
)

// funcShape is what the signature of a workflow function says.
type funcShape struct {
	Args   []reflect.Type // without the workflow.Context
	Result reflect.Type   // nil if the workflow returns only an error
}

// wantedFunc is the signature that [inspect] accepts, for error texts.
const wantedFunc = "func(workflow.Context[, args...]) ([result,] error)"

// inspect returns the shape of the workflow function fn. Its error says what
// was found in place of [wantedFunc].
func inspect(fn any) (funcShape, error) {
	v := reflect.ValueOf(fn)
	if v.Kind() != reflect.Func {
		return funcShape{}, fmt.Errorf("a %T", fn)
	}
	if v.IsNil() {
		return funcShape{}, fmt.Errorf("a nil %T", fn)
	}
	t := v.Type()
	if t.NumIn() == 0 || t.In(0) != contextType || t.IsVariadic() ||
		t.NumOut() == 0 || t.NumOut() > 2 || t.Out(t.NumOut()-1) != errorType {
		return funcShape{}, fmt.Errorf("%v", t)
	}
	var shape funcShape
	for i := 1; i < t.NumIn(); i++ {
		shape.Args = append(shape.Args, t.In(i))
	}
	if t.NumOut() == 2 {
		shape.Result = t.Out(0)
	}
	return shape, nil
}

// closure matches the names that the compiler gives to function literals:
// they change when code is added above them.
var closure = regexp.MustCompile(`^func\d+$|^\d+$`)

// nameOf returns the name under which Temporal's Go SDK registers fn: that of
// the function or method. It is an error if that name means nothing: function
// literals have a number for a name, and all instances of a generic function
// have the same one.
func nameOf(fn any) (string, error) {
	full := runtime.FuncForPC(reflect.ValueOf(fn).Pointer()).Name()
	if strings.HasSuffix(full, "]") {
		return "", fmt.Errorf("the generic function %s", short(full))
	}
	name := strings.TrimSuffix(full[strings.LastIndexByte(full, '.')+1:], "-fm")
	if closure.MatchString(name) {
		return "", fmt.Errorf("the function literal %s", short(full))
	}
	return name, nil
}

// short cuts the import path in front of a function's name.
func short(full string) string { return full[strings.LastIndexByte(full, '/')+1:] }

// sameFunc reports whether two functions are the same code. Method values of one
// method are the same whatever their receivers, and so are closures of one
// function literal.
func sameFunc(a, b any) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}
