package exampletest

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// A WrongLine is a command line that an example refuses, and what it says then.
type WrongLine [2]string

// MustRefuse runs an example with wrong command lines.
func MustRefuse(t *testing.T, example string, lines map[string]WrongLine) {
	t.Helper()
	for name, line := range lines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			MustFail(t, Command(t, strings.Fields(line[0])...), example, 2, line[1], "(-h lists the flags)")
		})
	}
}

// MustHelp runs the example for its help, which goes to the standard output.
func MustHelp(t *testing.T, wants ...string) {
	t.Helper()
	cmd := Command(t, "-h")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%v, standard error %q", err, stderr.String())
	}
	for _, want := range wants {
		if !strings.Contains(string(out), want) {
			t.Errorf("the help does not contain %q:\n%s", want, out)
		}
	}
}

// MustNameTakenAddresses checks that an example which cannot have an address says which flag
// helps, also in the demo, and that nothing is broken by that.
func MustNameTakenAddresses(t *testing.T, example string) {
	t.Helper()
	taken := TakenAddress(t)
	data := filepath.Join(t.TempDir(), example+".db")
	for _, flag := range []string{"http", "ui"} {
		t.Run(flag, func(t *testing.T) {
			addresses := map[string]string{"http": "127.0.0.1:0", "ui": "127.0.0.1:0"}
			addresses[flag] = taken
			cmd := Command(t, "-data", data, "-http", addresses["http"], "-ui", addresses["ui"])
			MustFail(t, cmd, example, 1, "the address "+taken+" is in use", "choose another one with -"+flag)
		})
	}
	t.Run("demo", func(t *testing.T) { // which says first what it is
		cmd := Command(t, "-demo", "-ui", taken)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Run(); err == nil {
			t.Error("the demo succeeded")
		}
		if text := stderr.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "choose another one with -ui") {
			t.Errorf("standard error is %q, want one line", text)
		}
	})
	Start(t, "-data", data).Kill(t)
}
