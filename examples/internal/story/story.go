// Package story tells what happens in a demonstration, while it happens.
package story

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// A Story is a log for people: each line has its time, who acts, and what
// happens. It is safe for concurrent use.
type Story struct {
	mu    sync.Mutex
	out   io.Writer
	start time.Time
}

// Limit is how long a demo may take, with the time for people to look around
// in the end, before it counts as hanging.
const Limit = 3 * time.Minute

// New returns a story that begins now.
func New(out io.Writer) *Story { return &Story{out: out, start: time.Now()} }

// Heading writes a line of its own above what follows.
func (s *Story) Heading(format string, args ...any) {
	s.write("\n" + fmt.Sprintf(format, args...) + "\n")
}

// Say writes that somebody does something.
func (s *Story) Say(who, format string, args ...any) {
	s.write(fmt.Sprintf("%5.1fs  %-9s %s\n", s.Elapsed().Seconds(), who, fmt.Sprintf(format, args...)))
}

// news returns a function like Say for what somebody is told again and again.
// It leaves out what was told before, and the same with another countdown.
func (s *Story) news(who string) func(text string) {
	var mu sync.Mutex
	var last string
	return func(text string) {
		mu.Lock()
		defer mu.Unlock()
		what, _, _ := strings.Cut(text, ", next try in ")
		if what != last {
			s.Say(who, "%s", text)
		}
		last = what
	}
}

// Quote writes a text as it is, with a bar at the side.
func (s *Story) Quote(text string) {
	s.write("        | " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n        | ") + "\n")
}

// Elapsed is how long the story has gone on.
func (s *Story) Elapsed() time.Duration { return time.Since(s.start) }

func (s *Story) write(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = io.WriteString(s.out, text) // a closed terminal does not end the demo
}
