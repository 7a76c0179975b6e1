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

// A board is what a run of a workflow tells of itself: what it asks, and how far it is.
// Its fields are touched by the coroutines of the run only.
type board struct {
	bounded   bool            // as memoChange has it
	questions []*openQuestion // in the order in which they were asked
	shown     []*openQuestion // those in the workflow's current details
	progress  *memo.Progress  // nil if nothing new was reported
	asked     bool            // the questions are others than those in the memo
	withdrawn time.Time       // when the last one was taken back, zero if none was since the memo
	changes   int             // how often something was put on it or taken off
}

// boards are those of the workflow runs in this process. It is no state that would
// have to survive: code that asks puts its question on the board when it is replayed,
// too, and takes it off when it ends, also by being evicted.
var boards = struct {
	sync.Mutex
	runs map[runKey]*board
}{runs: make(map[runKey]*board)}

// A runKey stands for the life of a run in a process, and does not extend it.
type runKey = weak.Pointer[workflow.Info]

// memoChange names the change (see [workflow.GetVersion]) since which the memo is written
// once in a workflow task, and does not grow with what a workflow asks and reports. Runs
// that began before go on as they did: their histories have an upsert for each.
const memoChange = "durablemcp.memo"

// What the memo has room for. Temporal Cloud takes 40 KB in all, in which there must be
// room for what a payload codec adds, and for what is not the library's.
const (
	mostShown        = 20       // questions
	mostQuestions    = 16 << 10 // bytes of them, as JSON
	mostProgressText = 1000     // bytes of the message of a report
	roomForRefusals  = 100      // bytes in a question for how many wrong answers it had
)

// boardOf returns the board of a run, and sees to it that it is published.
func boardOf(ctx workflow.Context) *board {
	run := workflow.GetInfo(ctx) // one value for the life of a run in a process
	if b := lookUp(run); b != nil {
		return b
	}
	b, key := &board{bounded: bounded(ctx)}, weak.Make(run)
	boards.Lock()
	boards.runs[key] = b
	boards.Unlock()
	// The coroutine never begins if another one panics in this workflow task.
	runtime.AddCleanup(run, remove, key) //workflowcheck:ignore // no workflow sees the cleanup
	apart, _ := workflow.NewDisconnectedContext(ctx)
	workflow.GoNamed(apart, "durablemcp", func(ctx workflow.Context) {
		defer remove(key) // when the run ends or is evicted
		for workflow.Await(ctx, b.news) == nil {
			b.coalesce(ctx)
			if err := b.publish(ctx); err != nil {
				workflow.GetLogger(ctx).Error("durablemcp: the memo cannot be written", "error", err)
			}
		}
	})
	return b
}

// coalesce waits until all other coroutines have had a turn in which nothing changed:
// those that wait for one another run in turns within one workflow task.
func (b *board) coalesce(ctx workflow.Context) {
	for seen := -1; seen != b.changes; {
		seen = b.changes
		turns := 0
		_ = workflow.Await(ctx, func() bool { turns++; return turns > 1 }) // ctx is never cancelled
	}
}

func lookUp(run *workflow.Info) *board {
	boards.Lock()
	defer boards.Unlock()
	return boards.runs[weak.Make(run)]
}

func bounded(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, memoChange, workflow.DefaultVersion, 1) > workflow.DefaultVersion
}

func remove(key runKey) {
	boards.Lock()
	defer boards.Unlock()
	delete(boards.runs, key)
}

// visible returns the questions that are asked at the moment. Others wait for their turn.
func (b *board) visible() []*openQuestion {
	if !b.bounded {
		return b.questions
	}
	size := 0
	for i, q := range b.questions {
		if size += q.size; i == mostShown || size > mostQuestions {
			return b.questions[:i]
		}
	}
	return b.questions
}

// put puts a question on the board.
func (b *board) put(ctx workflow.Context) error {
	b.asked = true
	return b.show(ctx)
}

// withdraw takes a question off the board.
func (b *board) withdraw(ctx workflow.Context, q *openQuestion) error {
	b.drop(q)
	b.asked, b.withdrawn = true, workflow.Now(ctx).UTC()
	return b.show(ctx)
}

func (b *board) drop(q *openQuestion) {
	b.questions = slices.DeleteFunc(b.questions, func(o *openQuestion) bool { return o == q })
}

// report puts progress on the board.
func (b *board) report(ctx workflow.Context, p memo.Progress) error {
	b.progress = &p
	details := []string{p.String()}
	for _, q := range b.shown {
		details = append(details, q.text)
	}
	workflow.SetCurrentDetails(ctx, strings.Join(details, ""))
	return b.told(ctx)
}

// show brings the questions into the workflow's current details, and takes others out.
func (b *board) show(ctx workflow.Context) error {
	now, details := slices.Clone(b.visible()), workflow.GetCurrentDetails(ctx)
	for _, q := range b.shown {
		if !slices.Contains(now, q) {
			details = strings.Replace(details, q.text, "", 1)
		}
	}
	added := []string{details}
	for _, q := range now {
		if !slices.Contains(b.shown, q) {
			added = append(added, q.text)
		}
	}
	b.shown = now
	workflow.SetCurrentDetails(ctx, strings.Join(added, ""))
	return b.told(ctx)
}

// told publishes what is new: at once in runs that began before memoChange.
func (b *board) told(ctx workflow.Context) error {
	b.changes++
	if b.bounded {
		return nil // see boardOf
	}
	return b.publish(ctx)
}

// news reports whether there is something to publish.
func (b *board) news() bool { return b.asked || b.progress != nil }

// publish writes what is new into the memo.
func (b *board) publish(ctx workflow.Context) error {
	fields := make(map[string]any)
	if b.asked {
		fields[memo.QuestionsField] = b.listed()
	}
	if !b.withdrawn.IsZero() {
		fields[memo.UpdatedField] = b.withdrawn
	}
	if b.progress != nil {
		fields[memo.ProgressField] = *b.progress
	}
	b.asked, b.withdrawn, b.progress = false, time.Time{}, nil
	return workflow.UpsertMemo(ctx, fields)
}

// listed returns the questions that a workflow asks, nil if that are none. They share a
// memo field, so that the memo does not grow with what was ever asked: a field of its own
// could not be taken out of a memo that a data converter encrypts, nor when the workflow
// continues as new.
func (b *board) listed() any {
	var list []memo.Question
	for _, q := range b.visible() {
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
func (b *board) refused(r memo.WrongAnswer) (*openQuestion, error) {
	q, err := b.find(memo.Answer{Key: r.Key})
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
func (b *board) askAgain(ctx workflow.Context, r memo.WrongAnswer) error {
	q, err := b.refused(r)
	if err != nil {
		return err
	}
	q.Refused++
	q.Reason = redact.Cut(r.Reason, mostReason)
	q.measure()                 //workflowcheck:ignore // it depends on the question alone
	if q.size > mostQuestions { // the question itself has the room
		q.Reason = ""
		q.measure() //workflowcheck:ignore // as above
	}
	return b.put(ctx)
}

// find returns the open question that an answer is for.
func (b *board) find(a memo.Answer) (*openQuestion, error) {
	var found []*openQuestion
	for _, q := range b.visible() {
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
