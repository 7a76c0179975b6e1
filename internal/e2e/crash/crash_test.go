package main

import (
	"strings"
	"testing"
)

// TestCrash is a short form of the search. The long one is the command.
func TestCrash(t *testing.T) { //nolint:paralleltest // it needs the whole machine
	if testing.Short() {
		t.Skip("it builds the examples")
	}
	var out, errors strings.Builder
	if status := start([]string{"-calls", "40", "-kills", "4", "-seed", "1"}, &out, &errors); status != 0 {
		t.Errorf("exit status %d", status)
	}
	t.Logf("%s%s", &out, &errors)
	if !strings.HasSuffix(out.String(), "calls 40 kills 4 lost 0 duplicated 0 wrong 0\n") {
		t.Error("this is not the end that it must have")
	}
}
