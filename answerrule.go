package durablemcp

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/durablemcp/durablemcp/internal/execution"
	"github.com/durablemcp/durablemcp/internal/memo"
)

// An answerRule is who may answer what the workflows of one type ask. It is decided
// once for the type, and every tool and task of the registry obeys it: otherwise
// somebody who must not answer through one tool could do so through another.
type answerRule struct {
	starters []string     // the tools that start the workflow
	allow    []AnswerFunc // all of them have to agree; if empty, the owner answers

	narrowed []narrowing // what other tools say
}

// A narrowing is the AllowAnswer of a tool that does not start the workflow.
type narrowing struct {
	tool  string
	index int
	allow AnswerFunc
}

// answerRule returns the rule of a workflow type, which is complete once all
// tools are declared.
func (s *declarations) answerRule(workflowType string) *answerRule {
	if s.rules[workflowType] == nil {
		s.rules[workflowType] = new(answerRule)
	}
	return s.rules[workflowType]
}

// startsAnswered adds what a tool that starts workflows says to their rule.
func (d *declaration) startsAnswered(t WorkflowTool, ref *workflowRef) *answerRule {
	rule := d.answerRule(ref.name)
	rule.starters = append(rule.starters, t.Name)
	if t.AllowAnswer != nil {
		rule.allow = append(rule.allow, t.AllowAnswer)
	}
	return rule
}

// completeAnswerRules checks, once all tools are declared, that no tool lets those
// answer whom the tools that start the workflow do not. A registry that starts the
// workflow nowhere goes by what its other tools say.
func (s *declarations) completeAnswerRules() {
	for _, workflowType := range sortedKeys(s.rules) {
		rule := s.rules[workflowType]
		for _, n := range rule.narrowed {
			switch {
			case len(rule.starters) == 0:
				rule.allow = append(rule.allow, n.allow)
			case len(rule.allow) == 0:
				d := &declaration{declarations: s, index: n.index, name: n.tool}
				d.mistake("AllowAnswer", "a function", fmt.Sprintf("nothing, or AllowAnswer of %q, which starts the workflow: "+
					"that decides who may answer through any tool; this one can only keep some of them from it", rule.starters[0]))
			}
		}
		for _, tool := range s.answers[workflowType] {
			if tool.allow != nil && len(rule.starters) > 0 && len(rule.allow) == 0 {
				d := &declaration{declarations: s, index: s.names[tool.name], name: tool.name}
				d.mistake("Allow", "a function", fmt.Sprintf("nothing, or AllowAnswer of %q, which starts the workflow: "+
					"without that, only who has started it answers", rule.starters[0]))
			}
		}
	}
}

// mayAnswer reports whether a caller may answer a question of an owner's workflow.
// The tool's own function can only narrow the rule.
func (r *answerRule) mayAnswer(ctx context.Context, b *base, own AnswerFunc, caller Caller, owner Owner, q memo.Question) bool {
	allow := r.allow
	if own != nil {
		allow = append(slices.Clip(allow), own)
	}
	if len(allow) == 0 {
		return caller.Principal == owner.Principal
	}
	for _, f := range allow {
		if err := f(ctx, caller, owner, Question{q.Name, q.Title, q.Message}); err != nil {
			b.log(ctx, "AllowAnswer refused a caller", "error", err)
			return false
		}
	}
	return true
}

// mayAnswer returns those of a workflow's questions that the caller of a request
// may answer through the tool.
func (w *waiter) mayAnswer(ctx context.Context, req mcp.Request, seen *execution.Snapshot) []memo.Question {
	if len(seen.Memo.Questions) == 0 {
		return nil
	}
	caller, err := w.caller(ctx, req)
	if err != nil {
		return nil
	}
	var list []memo.Question
	for _, q := range seen.Memo.Questions {
		if w.rule.mayAnswer(ctx, w.base, w.allowAnswer, caller, Owner{seen.Memo.Record.Owner}, q) {
			list = append(list, q)
		}
	}
	return list
}

// answering is who answers by a request. That the caller may was found out before.
func (w *waiter) answering(ctx context.Context, req mcp.Request) memo.Sender {
	caller, err := w.caller(ctx, req)
	if err != nil {
		return memo.Sender{}
	}
	return caller.sender()
}

// answerIn reads the argument of an update for [AnswerUpdate], which can be of any type with
// the JSON of an [Answer]. Of what is none, it returns the zero value.
func answerIn(argument any) (a memo.Answer) {
	data, err := json.Marshal(argument)
	if err != nil || json.Unmarshal(data, &a) != nil {
		return memo.Answer{}
	}
	return a
}

// checkAnswer decides whether a caller may answer the question that an answer, given
// through an [UpdateTool], is for. A question that is not the caller's to answer
// looks like one that is not open.
func (t *updateTool) checkAnswer(ctx context.Context, c *execution.Client, e *execution.Execution, m *messageInput) error {
	given := answerIn(m.argument())
	seen, err := c.Describe(ctx, e.ID, e.RunID)
	if err != nil {
		return err
	}
	meant := 0
	for _, q := range seen.Memo.Questions {
		if given.Key != "" && given.Key != q.Key && given.Key != cmp.Or(q.Name, memo.DefaultKey) {
			continue
		}
		meant++
		// Of a registry that does not know who may answer, Allow of this tool says it.
		unknown := len(t.rule.starters) == 0 && len(t.rule.allow) == 0 && t.allow != nil
		if !unknown && !t.rule.mayAnswer(ctx, t.base, nil, m.caller, Owner{e.Record.Owner}, q) {
			return memo.NotAsked()
		}
	}
	if meant == 0 {
		return memo.NotAsked()
	}
	return nil
}
