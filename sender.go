package durablemcp

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/ask"
	"github.com/durablemcp/durablemcp/internal/memo"
)

// A Sender is who made a call, as a workflow sees it: as the MCP server has verified it,
// and not as a model says.
//
// [CallerOf] returns who started a workflow. Of what comes later, a field says it: an
// argument of a workflow, an update, a signal or a query that is a struct can have a field
// of this type, with a tag that keeps it out of the tool's arguments.
//
//	type Approval struct {
//		Comment string            `json:"comment"`
//		By      durablemcp.Sender `json:"by" jsonschema:"-"`
//	}
//
// The library fills it with each call, and it stands in the workflow's history with the
// other arguments. Who sends to the workflow without this library fills it as they like:
// they can write to the namespace, and are trusted with everything.
type Sender struct {
	// Principal is the caller's name, as [Options.Principal] gives it. It is empty if
	// the caller is not known, as over stdio.
	Principal string `json:"principal,omitempty"`
	// Claims are what [Options.Claims] says of the caller.
	Claims map[string]string `json:"claims,omitempty"`
}

var senderType = reflect.TypeFor[Sender]()

// CallerOf returns who started the workflow by a tool, and false for a workflow that no
// tool started, such as a child. It is read from the memo, and stays the same when the
// workflow continues as new, is retried or reset. It is deterministic.
//
// Workflows cannot read a memo that the data converter of their worker has encrypted: to
// those it says false, too. A field of type [Sender] in the workflow's arguments serves
// all.
func CallerOf(ctx workflow.Context) (Sender, bool) {
	sender, known := ask.CallerOf(ctx)
	return Sender(sender), known
}

// maxClaims is how many bytes the claims of a caller may have: they share the memo with
// what the workflow asks.
const maxClaims = 2000

// claims returns what is recorded of a caller. Its error is a [*toolError].
func (b *base) claims(ctx context.Context, c Caller) (map[string]string, error) {
	if b.opts.Claims == nil {
		return nil, nil
	}
	claims := maps.Clone(b.opts.Claims(c))
	if n := len(mustMarshal(claims)); n > maxClaims {
		b.log(ctx, "Options.Claims says more of a caller than can be recorded", "bytes", n, "most", maxClaims)
		return nil, internalError()
	}
	return claims, nil
}

func (c Caller) sender() memo.Sender { return memo.Sender{Principal: c.Principal, Claims: c.claims} }

// senders are where the fields of type Sender are in the arguments of a tool: their
// indexes by argument.
type senders map[int][][]int

// senders finds the fields of type Sender, and checks that no model can fill them.
func (d *declaration) senders(sig signature) senders {
	found := make(senders)
	for i, t := range sig.types {
		outer := t
		for outer.Kind() == reflect.Pointer {
			outer = outer.Elem()
		}
		if outer.Kind() != reflect.Struct || outer == senderType {
			d.noSenders(sig.field, t, make(map[reflect.Type]bool))
			continue
		}
		for _, f := range reflect.VisibleFields(outer) {
			switch {
			case f.Type != senderType && f.IsExported() && !f.Anonymous:
				d.noSenders(sig.field, f.Type, map[reflect.Type]bool{outer: true})
			case f.Type != senderType:
			case f.Tag.Get("jsonschema") != "-" || !f.IsExported() || f.Anonymous:
				d.mistake(sig.field, fmt.Sprintf("the field %s of type durablemcp.Sender, which a model could fill", f.Name), "a field with a name, and with the tag `jsonschema:\"-\"`")
			default:
				found[i] = append(found[i], f.Index)
			}
		}
	}
	return found
}

// noSenders checks that there is no Sender where the library does not fill it.
func (d *declaration) noSenders(field string, t reflect.Type, seen map[reflect.Type]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		d.noSenders(field, t.Elem(), seen)
	case reflect.Struct:
		if t == senderType {
			d.mistake(field, "a durablemcp.Sender inside of another value", "a field of that type in the struct that is the argument")
			return
		}
		for f := range t.Fields() {
			if f.IsExported() || f.Anonymous {
				d.noSenders(field, f.Type, seen)
			}
		}
	}
}

// from returns the arguments with who sends them.
func (in *input) from(c Caller) []any {
	return in.senders.change(in.args, func(s *Sender) { *s = Sender(c.sender()) })
}

// change returns arguments whose fields of type Sender are changed.
func (s senders) change(args []any, change func(*Sender)) []any {
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
				change(f.Addr().Interface().(*Sender)) //nolint:forcetypeassert // as d.senders has found
			}
		}
		args[i] = changed.Interface()
	}
	return args
}

// withoutClaims leaves out what can be another from call to call of one caller.
func withoutClaims(s *Sender) { s.Claims = nil }
