package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/durablemcp/durablemcp/internal/e2e/devserver"
)

const (
	// limit is how long a call may take. One that has not ended by then is lost.
	limit = 2 * time.Minute
	// clients is how many calls are made at a time.
	clients = 16
)

// run does it all. It reports whether nothing was lost, duplicated or wrong.
func run(ctx context.Context, c config, out io.Writer) (ok bool, err error) {
	dir, err := os.MkdirTemp("", "durablemcp-crash-")
	if err != nil {
		return false, err
	}
	defer func() {
		if ok && !c.keep || ctx.Err() != nil {
			_ = os.RemoveAll(dir)
			return
		}
		removePrograms(dir)
		fmt.Fprintln(out, "The logs are in", dir)
	}()
	w, err := build(ctx, c, dir)
	if err != nil {
		return false, err
	}
	defer w.close()
	fmt.Fprintf(out, "seed %d: %d calls, %d kills\n", c.seed, c.calls, c.kills)
	began := time.Now()
	calls := plan(c)
	w.play(ctx, c, calls)
	if ctx.Err() != nil {
		return false, fmt.Errorf("interrupted: %w", ctx.Err())
	}
	r := &report{config: c, calls: calls, kills: w.killer.done, took: time.Since(began)}
	if err := r.audit(ctx, w); err != nil {
		return false, err
	}
	return r.write(out), nil
}

// A world is all that runs.
type world struct {
	temporal *devserver.Server
	weather  *weather
	billing  *billing
	fleets   []*fleet // of the weather example, and of the invoice example
	killer   *killer
	stops    []func() // what close does, the last one first
}

// build builds the examples, and starts everything.
func build(ctx context.Context, c config, dir string) (_ *world, err error) {
	w := &world{}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if err := compile(ctx, c.examples, dir); err != nil {
		return nil, err
	}
	if w.temporal, err = devserver.Start(ctx, devserver.Options{DataFile: filepath.Join(dir, "temporal.db")}); err != nil {
		return nil, err
	}
	w.stops = append(w.stops, w.temporal.Stop)
	if w.weather, err = startWeather(ctx, c.seed); err != nil {
		return nil, err
	}
	w.stops = append(w.stops, w.weather.close)
	if w.billing, err = startBilling(ctx, c.seed); err != nil {
		return nil, err
	}
	w.stops = append(w.stops, w.billing.close)
	temporal := []string{"-temporal", w.temporal.FrontendAddr(), "-until-eof"}
	commands := map[string][]string{
		"weather": append(temporal, "-upstream", w.weather.url, "-pause", "300ms"),
		"invoice": append(temporal, "-erp", w.billing.url, "-gateway", w.billing.url),
	}
	for _, name := range []string{"weather", "invoice"} {
		f := &fleet{}
		w.fleets = append(w.fleets, f)
		w.stops = append(w.stops, f.stop)
		if err := f.start(ctx, dir, name, commands[name]); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *world) close() {
	for _, stop := range slices.Backward(w.stops) {
		stop()
	}
}

// play makes the calls, and kills processes meanwhile.
func (w *world) play(ctx context.Context, c config, calls []*call) {
	w.killer = newKiller(c, append(w.fleets[0].replicas, w.fleets[1].replicas...))
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { w.killer.run(ctx) })
	queue := make(chan *call)
	defer close(queue)
	for range clients {
		all.Go(func() {
			for call := range queue {
				w.make(ctx, call)
				w.killer.ended()
			}
		})
	}
	for _, call := range calls {
		w.killer.starts(call.number)
		select {
		case queue <- call:
		case <-ctx.Done():
			w.killer.abandon()
			return
		}
	}
}

// make makes one call, within the limit.
func (w *world) make(ctx context.Context, c *call) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	c.world = w
	c.err = c.story.play(ctx, c)
	c.took = time.Since(began)
	c.lost = c.err != nil && ctx.Err() != nil
}
