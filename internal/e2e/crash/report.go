package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// A report is what has become of the calls.
type report struct {
	config
	calls []*call
	kills []killed
	took  time.Duration

	repeats    int      // of charges
	executions int      // of workflows
	duplicated []string // what was done twice, or without having been asked for
	wrong      []string // what is wrong beside the calls' outcomes
}

// audit holds what the books and Temporal say to what was asked for.
func (r *report) audit(ctx context.Context, w *world) error {
	due := make(map[string]string)
	for _, c := range r.calls {
		for _, l := range c.invoice.Lines {
			if c.story.paid {
				due[l.Description] = l.Amount
			}
		}
	}
	r.duplicated, r.wrong = w.billing.audit(due)
	r.repeats = w.billing.repeats
	for _, k := range r.kills {
		if k.err != nil {
			r.wrong = append(r.wrong, k.err.Error())
		}
	}
	if len(r.kills) != r.config.kills {
		r.wrong = append(r.wrong, fmt.Sprintf("%d processes were killed, and not %d", len(r.kills), r.config.kills))
	}
	return r.auditTemporal(ctx, w.temporal)
}

// write writes the report, and reports whether all is well. The last line is for
// programs.
func (r *report) write(out io.Writer) bool {
	r.writeOutcomes(out)
	r.writeEvents(out)
	lost, wrong := 0, len(r.wrong)
	for _, c := range r.calls {
		switch {
		case c.lost:
			lost++
			fmt.Fprintf(out, "LOST %v after %v: %v; %v\n", c, c.took.Round(time.Second), c.err, c.list())
		case c.err != nil:
			wrong++
			fmt.Fprintf(out, "WRONG %v: %v; %v\n", c, c.err, c.list())
		}
	}
	for _, what := range r.wrong {
		fmt.Fprintln(out, "WRONG", what)
	}
	for _, what := range r.duplicated {
		fmt.Fprintln(out, "DUPLICATED", what)
	}
	fmt.Fprintf(out, "calls %d kills %d lost %d duplicated %d wrong %d\n", len(r.calls), len(r.kills), lost, len(r.duplicated), wrong)
	return lost+len(r.duplicated)+wrong == 0
}

// writeOutcomes writes how long the calls of each story took.
func (r *report) writeOutcomes(out io.Writer) {
	took := make(map[string][]time.Duration)
	for _, c := range r.calls {
		took[c.story.name] = append(took[c.story.name], c.took)
	}
	for _, name := range slices.Sorted(maps.Keys(took)) {
		times := took[name]
		slices.Sort(times)
		fmt.Fprintf(out, "%4d × %-20s half of them within %v, all within %v\n", len(times), name,
			times[len(times)/2].Round(time.Millisecond), times[len(times)-1].Round(time.Millisecond))
	}
}

// writeEvents writes what happened on the way.
func (r *report) writeEvents(out io.Writer) {
	counts := make(map[string]int)
	for _, c := range r.calls {
		for what, n := range c.counts {
			counts[what] += n
		}
	}
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(out, "%4d times: %s\n", counts[what], what)
	}
	fmt.Fprintf(out, "%4d times: a charge was asked for again, and not made again\n", r.repeats)
	victims := make(map[string]int)
	fewest, most := len(r.calls), 0
	for _, k := range r.kills {
		victims[k.victim]++
		fewest, most = min(fewest, k.underWay), max(most, k.underWay)
	}
	fmt.Fprintf(out, "%d workflow executions in %v; killed with %d to %d calls under way: %v\n",
		r.executions, r.took.Round(time.Second), fewest, most, victims)
}
