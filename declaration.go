package durablemcp

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/call"
	"github.com/durablemcp/durablemcp/internal/declare"
	"github.com/durablemcp/durablemcp/internal/execution"
)

// Error names the tool, the field, what was found and what is expected.
func (e *DeclarationError) Error() string {
	where := "Options"
	if e.Index >= 0 {
		where = fmt.Sprintf("tool %q (number %d)", e.Tool, e.Index+1)
	}
	return fmt.Sprintf("durablemcp: %s: %s: found %s; want %s", where, e.Field, e.Found, e.Want)
}

// declarations is the state of one call of New.
type declarations struct {
	opts     Options
	set      *declare.Set
	siblings *call.Siblings
	answers  map[string][]*call.Update   // workflow type -> the tools that answer its questions
	tasks    map[string]*call.Waiter     // see Registry.tasks
	rules    map[string]*call.AnswerRule // by workflow type
}

func newDeclarations(o Options) *declarations {
	opts := o.withDefaults()
	s := &declarations{
		opts:     opts,
		set:      declare.NewSet(declare.Options{IgnoreArguments: opts.IgnoreArguments, EagerStart: opts.EagerStart, Logger: opts.Logger, Sender: reflect.TypeFor[Sender]()}),
		siblings: &call.Siblings{Results: make(map[string][]call.Sibling), Answers: make(map[string][]call.Sibling)},
		answers:  make(map[string][]*call.Update),
		tasks:    make(map[string]*call.Waiter),
		rules:    make(map[string]*call.AnswerRule),
	}
	s.checkOptions(o)
	return s
}

// err joins the mistakes, in the order of the declarations.
func (s *declarations) err() error {
	slices.SortStableFunc(s.set.Mistakes, func(a, b *declare.Mistake) int { return cmp.Compare(a.Index, b.Index) })
	errs := make([]error, len(s.set.Mistakes))
	for i, mistake := range s.set.Mistakes {
		errs[i] = (*DeclarationError)(mistake)
	}
	return errors.Join(errs...)
}

// A declaration is one tool on its way through New.
type declaration struct {
	*declare.Declaration
	*declarations
}

// of returns the declaration of a tool.
func (s *declarations) of(index int, name string) *declaration {
	return &declaration{&declare.Declaration{Set: s.set, Index: index, Name: name}, s}
}

// A binding is a checked tool: what Mount adds to a server.
type binding struct {
	tool    mcp.Tool
	handler func(*execution.Client) mcp.ToolHandler
}

// bind makes the binding of a checked tool.
func (d *declaration) bind(b *call.Tool, call call.Func, tool mcp.Tool) *binding {
	tool.Name = b.Name
	return &binding{tool: tool, handler: b.Handler(call)}
}

func (s *declarations) declare(index int, tool Tool) *binding {
	d := s.of(index, "")
	if isNil(reflect.ValueOf(tool)) {
		d.Mistake("Tool", "nil", "a declaration such as WorkflowTool{...}")
		return nil
	}
	return tool.declare(d)
}

func (s *declarations) checkOptions(o Options) {
	d := s.of(-1, "")
	d.CheckDuration("Wait", o.Wait)
	d.CheckDuration("InlineWait", o.InlineWait)
	d.CheckLimit("MaxArgumentBytes", o.MaxArgumentBytes)
	if slices.Contains(o.IgnoreArguments, "") {
		d.Mistake("IgnoreArguments", "an empty name", "names of arguments that clients add")
	}
	d.CheckLimit("MaxResultBytes", o.MaxResultBytes)
	d.CheckLimit("MaxWaiting", o.MaxWaiting)
	if o.WebUIURL != "" {
		if u, err := url.Parse(o.WebUIURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			d.Mistake("WebUIURL", fmt.Sprintf("%q", o.WebUIURL), `an address such as "http://localhost:8233"`)
		}
	}
}

// answerRule returns the rule of a workflow type, which is complete once all
// tools are declared.
func (s *declarations) answerRule(workflowType string) *call.AnswerRule {
	if s.rules[workflowType] == nil {
		s.rules[workflowType] = new(call.AnswerRule)
	}
	return s.rules[workflowType]
}

// startsAnswered adds what a tool that starts workflows says to their rule.
func (d *declaration) startsAnswered(t WorkflowTool, ref *declare.WorkflowRef) *call.AnswerRule {
	rule := d.answerRule(ref.Name)
	rule.Starters = append(rule.Starters, t.Name)
	if t.AllowAnswer != nil {
		rule.Allow = append(rule.Allow, t.AllowAnswer.internal())
	}
	return rule
}

// completeAnswerRules checks, once all tools are declared, that no tool lets those
// answer whom the tools that start the workflow do not. A registry that starts the
// workflow nowhere goes by what its other tools say.
func (s *declarations) completeAnswerRules() {
	for _, workflowType := range sortedKeys(s.rules) {
		rule := s.rules[workflowType]
		for _, n := range rule.Narrowed {
			switch {
			case len(rule.Starters) == 0:
				rule.Allow = append(rule.Allow, n.Allow)
			case len(rule.Allow) == 0:
				d := s.of(n.Index, n.Tool)
				d.Mistake("AllowAnswer", "a function", fmt.Sprintf("nothing, or AllowAnswer of %q, which starts the workflow: "+
					"that decides who may answer through any tool; this one can only keep some of them from it", rule.Starters[0]))
			}
		}
		for _, tool := range s.answers[workflowType] {
			if tool.Allow != nil && len(rule.Starters) > 0 && len(rule.Allow) == 0 {
				d := s.of(s.set.Names[tool.Name], tool.Name)
				d.Mistake("Allow", "a function", fmt.Sprintf("nothing, or AllowAnswer of %q, which starts the workflow: "+
					"without that, only who has started it answers", rule.Starters[0]))
			}
		}
	}
}

// messageFields are the fields of a declaration that make a message.
type messageFields struct {
	workflow     any
	workflowType string
	workflowID   string
	scope        IDScope
	input        any
	argNames     []string
	start        *StartIfAbsent
	allow        AllowFunc
}

// message checks the fields of a message, and returns nil after a mistake.
func (d *declaration) message(f messageFields) *call.Message {
	ref := d.Workflow(f.workflow, f.workflowType)
	if ref == nil {
		return nil
	}
	in := d.Payload(f.input, f.argNames)
	b := &call.Tool{Opts: d.opts.call(), Name: d.Name, WorkflowType: ref.Name}
	start, in := d.withStart(f, ref, b, in)
	template, in := d.Address(ref, f.workflowID, in)
	if in == nil || f.start != nil && start == nil {
		return nil
	}
	if start != nil {
		d.StartsShared(ref, template, f.start.SharedID, "Start.SharedID")
	}
	template = d.Scoped(ref, template, declare.Scope(f.scope), f.allow != nil)
	if start != nil {
		start.Template = template
	}
	return &call.Message{Target: &call.Target{Tool: b, Address: call.Address{Template: template}, Allow: f.allow.internal(), Siblings: d.siblings}, Input: d.arguments(in), Start: start}
}

// rawSchema is a published schema of the library's own.
func rawSchema(s string) any { return json.RawMessage(s) }

// arguments are those of the tool as its calls read them.
func (d *declaration) arguments(in *declare.Arguments) *call.Arguments {
	return &call.Arguments{Tool: d.Name, Schema: in.Schema, Limit: d.opts.MaxArgumentBytes, Senders: in.Senders}
}

// outputOf is the result of the tool as its calls make it.
func outputOf(r *declare.Result) *call.Output { return &call.Output{Typ: r.Type, Schema: r.Schema} }
