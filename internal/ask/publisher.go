package ask

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"weak"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/durablemcp/durablemcp/internal/memo"
	"github.com/durablemcp/durablemcp/internal/redact"
)

// A publisher writes into the memo what a run of a workflow tells of itself: what it asks,
// and how far it is. Only the coroutines of the run touch its fields.
type publisher struct {
	bounded   bool            // as memoChange has it
	questions []*openQuestion // in the order in which they were asked
	shown     []*openQuestion // those in the workflow's current details
	progress  *memo.Progress  // nil if nothing new was reported
	asked     bool            // the questions are others than those in the memo
	withdrawn time.Time       // when the last one was taken back, zero if none was since the memo
	changes   int             // how often something was published or taken back
}

// publishers are those of the workflow runs in this process. They are not state that has to
// survive: code that asks publishes its question when it is replayed, too, and withdraws it
// when it ends, also by being evicted.
var publishers = struct {
	sync.Mutex
	runs map[runKey]*publisher
}{runs: make(map[runKey]*publisher)}

// A runKey stands for the life of a run in a process, and does not extend it.
type runKey = weak.Pointer[workflow.Info]

// memoChange names the change (see [workflow.GetVersion]) since which the memo is written
// once in a workflow task, and does not grow with what a workflow asks and reports. Runs
// that began before go on as they did: their histories have an upsert for each.
const memoChange = "durablemcp.memo"

// What the memo has room for. Temporal Cloud takes 40 KB in all, in which there must be
// room for what a payload codec adds, and for what is not the library's.
const (
	maxShown        = 20       // questions
	maxQuestions    = 16 << 10 // bytes of them, as JSON
	maxProgressText = 1000     // bytes of the message of a report
	roomForRefusals = 100      // bytes in a question for how many wrong answers it had
)

// publisherOf returns the publisher of a run, and starts it.
func publisherOf(ctx workflow.Context) *publisher {
	run := workflow.GetInfo(ctx) // one value for the life of a run in a process
	if p := lookUp(run); p != nil {
		return p
	}
	p, key := &publisher{bounded: bounded(ctx)}, weak.Make(run)
	publishers.Lock()
	publishers.runs[key] = p
	publishers.Unlock()
	// The coroutine never begins if another one panics in this workflow task.
	runtime.AddCleanup(run, remove, key) //workflowcheck:ignore // no workflow sees the cleanup
	apart, _ := workflow.NewDisconnectedContext(ctx)
	workflow.GoNamed(apart, "durablemcp", func(ctx workflow.Context) {
		defer remove(key) // when the run ends or is evicted
		for workflow.Await(ctx, p.news) == nil {
			p.coalesce(ctx)
			if err := p.publish(ctx); err != nil {
				workflow.GetLogger(ctx).Error("durablemcp: the memo cannot be written", "error", err)
			}
		}
	})
	return p
}

// coalesce waits until all other coroutines have had a turn in which nothing changed:
// those that wait for one another run in turns within one workflow task.
func (p *publisher) coalesce(ctx workflow.Context) {
	for seen := -1; seen != p.changes; {
		seen = p.changes
		turns := 0
		_ = workflow.Await(ctx, func() bool { turns++; return turns > 1 }) // ctx is never cancelled
	}
}

func lookUp(run *workflow.Info) *publisher {
	publishers.Lock()
	defer publishers.Unlock()
	return publishers.runs[weak.Make(run)]
}

func bounded(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, memoChange, workflow.DefaultVersion, 1) > workflow.DefaultVersion
}

func remove(key runKey) {
	publishers.Lock()
	defer publishers.Unlock()
	delete(publishers.runs, key)
}

// visible returns the questions that are currently asked. Others wait for their turn.
func (p *publisher) visible() []*openQuestion {
	if !p.bounded {
		return p.questions
	}
	size := 0
	for i, q := range p.questions {
		if size += q.size; i == maxShown || size > maxQuestions {
			return p.questions[:i]
		}
	}
	return p.questions
}

// put publishes a new question.
func (p *publisher) put(ctx workflow.Context) error {
	p.asked = true
	return p.show(ctx)
}

// withdraw takes a question back.
func (p *publisher) withdraw(ctx workflow.Context, q *openQuestion) error {
	p.drop(q)
	p.asked, p.withdrawn = true, workflow.Now(ctx).UTC()
	return p.show(ctx)
}

func (p *publisher) drop(q *openQuestion) {
	p.questions = slices.DeleteFunc(p.questions, func(o *openQuestion) bool { return o == q })
}

// report publishes progress.
func (p *publisher) report(ctx workflow.Context, progress memo.Progress) error {
	p.progress = &progress
	details := []string{progress.String()}
	for _, q := range p.shown {
		details = append(details, q.text)
	}
	workflow.SetCurrentDetails(ctx, strings.Join(details, ""))
	return p.told(ctx)
}

// show brings the questions into the workflow's current details, and takes others out.
func (p *publisher) show(ctx workflow.Context) error {
	now, details := slices.Clone(p.visible()), workflow.GetCurrentDetails(ctx)
	for _, q := range p.shown {
		if !slices.Contains(now, q) {
			details = strings.Replace(details, q.text, "", 1)
		}
	}
	added := []string{details}
	for _, q := range now {
		if !slices.Contains(p.shown, q) {
			added = append(added, q.text)
		}
	}
	p.shown = now
	workflow.SetCurrentDetails(ctx, strings.Join(added, ""))
	return p.told(ctx)
}

// told publishes what is new: at once in runs that began before memoChange.
func (p *publisher) told(ctx workflow.Context) error {
	p.changes++
	if p.bounded {
		return nil // see publisherOf
	}
	return p.publish(ctx)
}

// news reports whether there is something to publish.
func (p *publisher) news() bool { return p.asked || p.progress != nil }

// publish writes what is new into the memo.
func (p *publisher) publish(ctx workflow.Context) error {
	fields := make(map[string]any)
	if p.asked {
		fields[memo.QuestionsField] = p.listed()
	}
	if !p.withdrawn.IsZero() {
		fields[memo.UpdatedField] = p.withdrawn
	}
	if p.progress != nil {
		fields[memo.ProgressField] = *p.progress
	}
	p.asked, p.withdrawn, p.progress = false, time.Time{}, nil
	return workflow.UpsertMemo(ctx, fields)
}

// listed returns the questions that a workflow asks, nil if there are none. They share a
// memo field, so that the memo does not grow with what was ever asked: a field of its own
// could not be taken out of a memo that a data converter encrypts, nor when the workflow
// continues as new.
func (p *publisher) listed() any {
	var list []memo.Question
	for _, q := range p.visible() {
		list = append(list, q.Question)
	}
	if list == nil {
		return nil // and not an empty list, which would stay
	}
	return list
}

// detail is the text of a question in the workflow's current details.
func detail(q memo.Question) string {
	return "\n\n**" + cmp.Or(q.Title, "Waiting for an answer") + "** " + q.Message
}

// refused returns the question that a wrong answer was given to, if it can be asked again.
func (p *publisher) refused(r memo.WrongAnswer) (*openQuestion, error) {
	q, err := p.find(memo.Answer{Key: r.Key})
	switch {
	case err != nil:
		return nil, err
	case q.Key != r.Key || q.Refused != r.Refused:
		return nil, memo.NotAsked()
	case q.Refused >= memo.MaxRefusals:
		return nil, temporal.NewNonRetryableApplicationError("too many answers to this question did not fit it", memo.TypeInvalidAnswer, nil)
	}
	return q, nil
}

// askAgain asks a task's question under another key.
func (p *publisher) askAgain(ctx workflow.Context, r memo.WrongAnswer) error {
	q, err := p.refused(r)
	if err != nil {
		return err
	}
	q.Refused++
	q.Reason = redact.Cut(r.Reason, maxReason)
	q.measure()                //workflowcheck:ignore // it depends on the question alone
	if q.size > maxQuestions { // the question itself has the room
		q.Reason = ""
		q.measure() //workflowcheck:ignore // as above
	}
	return p.put(ctx)
}

// find returns the open question that an answer is for.
func (p *publisher) find(a memo.Answer) (*openQuestion, error) {
	var found []*openQuestion
	for _, q := range p.visible() {
		if !q.answered && (a.Key == "" || a.Key == q.Key || a.Key == cmp.Or(q.Name, memo.DefaultKey)) {
			found = append(found, q)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, temporal.NewNonRetryableApplicationError("several questions are open: the answer must name one by its key", memo.TypeNotAsked, nil)
	}
	return nil, memo.NotAsked()
}
