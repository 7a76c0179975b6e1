package call

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/durablemcp/durablemcp/internal/advice"
	"github.com/durablemcp/durablemcp/internal/idtemplate"
	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/schema"
)

// An Arguments turns a tool's arguments into its workflow's.
type Arguments struct {
	Tool   string
	Schema *schema.Schema
	Limit  int // Options.MaxArgumentBytes

	Senders Senders
}

// An Input is the checked arguments of one call.
type Input struct {
	schema.Identity
	Canonical json.RawMessage // in one spelling, defaults applied
	args      []any           // the workflow's, of its Go types; see from
	senders   Senders
}

// decode checks a call's arguments. Its error is a [*ToolError].
func (a *Arguments) decode(raw json.RawMessage) (*Input, error) {
	if len(raw) > a.Limit {
		return nil, &advice.ToolError{
			Type:    advice.TypeInvalidArguments,
			Message: fmt.Sprintf("The arguments of %s are %d bytes, more than the %d that this server takes. Nothing was done.", a.Tool, len(raw), a.Limit),
			Advice:  "Call again with less.",
		}
	}
	properties, canonical, violations := a.Schema.Decode(raw)
	if len(violations) > 0 {
		e := advice.InvalidArguments(a.Tool, texts(violations))
		e.Unknown = unknownOnly(violations)
		return nil, e
	}
	values, violations := a.Schema.Values(canonical)
	if len(violations) > 0 {
		return nil, advice.InvalidArguments(a.Tool, texts(violations))
	}
	in := &Input{Identity: a.Schema.Identify(raw, properties, values), Canonical: canonical, senders: a.Senders}
	for _, value := range values {
		in.args = append(in.args, value.Interface())
	}
	return in, nil
}

// unknownOnly returns the names of arguments that a tool does not have, if nothing else is
// wrong with a call: its client may have added them, and not the model.
func unknownOnly(violations []schema.Violation) []string {
	var names []string
	for _, v := range violations {
		if v.Path != "" || v.Unknown == "" {
			return nil
		}
		names = append(names, v.Unknown)
	}
	return names
}

func texts(violations []schema.Violation) []string {
	list := make([]string, len(violations))
	for i, v := range violations {
		list[i] = v.String()
	}
	return list
}

// pointer is the JSON path of an argument in error texts.
func pointer(placeholder string) string {
	return "/" + strings.Join(idtemplate.Path(placeholder), "/")
}

// from returns the arguments with who sends them.
func (in *Input) from(c Caller) []any {
	return in.senders.change(in.args, func(s *memo.Sender) { *s = c.sender() })
}

// Senders are where the fields of type Sender are in the arguments of a tool: their
// indexes by argument.
type Senders map[int][][]int

// senderType is the type in which senders are changed.
var senderType = reflect.TypeFor[memo.Sender]()

// change returns arguments whose fields of type Sender are changed.
func (s Senders) change(args []any, change func(*memo.Sender)) []any {
	if len(s) == 0 {
		return args
	}
	args = slices.Clone(args)
	for i, fields := range s {
		changed := reflect.New(reflect.TypeOf(args[i])).Elem()
		changed.Set(reflect.ValueOf(args[i]))
		into := changed
		for into.Kind() == reflect.Pointer && !into.IsNil() {
			into = into.Elem()
		}
		if into.Kind() != reflect.Struct {
			continue // nil
		}
		for _, index := range fields {
			if f, err := into.FieldByIndexErr(index); err == nil {
				sender, _ := reflect.TypeAssert[memo.Sender](f.Convert(senderType)) // the public type has the same fields
				change(&sender)
				f.Set(reflect.ValueOf(sender).Convert(f.Type()))
			}
		}
		args[i] = changed.Interface()
	}
	return args
}

// withoutClaims leaves out what can be another from call to call of one caller.
func withoutClaims(s *memo.Sender) { s.Claims = nil }
