package durablemcp_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// forbidden maps what the library must never depend on to the reason.
var forbidden = map[string]string{
	"go.temporal.io/server":             "users of the library must not compile a Temporal server",
	"github.com/temporalio/ui-server":   "the Web UI belongs to the embedded server",
	"modernc.org/sqlite":                "the database belongs to the embedded server",
	"github.com/durablemcp/durablemcp/": "the nested modules depend on the library, never the other way round",
}

// maxModules is how many modules a program that uses the library may compile.
// The Temporal and MCP SDKs alone take 37.
const maxModules = 40

func TestBuildListHasNoForbiddenModule(t *testing.T) {
	t.Parallel()
	modules := goList(t, consumer(t), "-m", "all")
	modules = append(modules, goList(t, ".", "-deps", "-test", "-f", "{{with .Module}}{{.Path}}{{end}}", "./...")...)
	for _, module := range modules {
		path, _, _ := strings.Cut(module, "@")
		for prefix, reason := range forbidden {
			if strings.HasPrefix(path, prefix) {
				t.Errorf("the root module's build list has %s: %s", module, reason)
			}
		}
	}
}

func TestConsumerCompilesFewModules(t *testing.T) {
	t.Parallel()
	modules := goList(t, consumer(t), "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".")
	slices.Sort(modules)
	modules = slices.Compact(modules)
	if len(modules) > maxModules {
		t.Errorf("a consumer compiles %d modules, more than %d:\n%s", len(modules), maxModules, strings.Join(modules, "\n"))
	}
	t.Logf("a consumer compiles %d modules", len(modules))
}

// consumer makes a module that uses this one, with its versions, and returns its
// directory.
func consumer(t *testing.T) (dir string) {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	const modulePath = "github.com/durablemcp/durablemcp"
	gomod := strings.Replace(read(t, "go.mod"), "module "+modulePath, "module example.com/consumer", 1) +
		"\nrequire " + modulePath + " v0.0.0\nreplace " + modulePath + " => " + filepath.ToSlash(root) + "\n"
	dir = t.TempDir()
	for name, content := range map[string]string{
		"go.mod": gomod, "go.sum": read(t, "go.sum"),
		"main.go": "package main\n\nimport _ \"" + modulePath + "\"\n\nfunc main() {}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// goList runs go list in dir, outside of any workspace, and returns its lines.
func goList(t *testing.T, dir string, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if dir != "." {
		cmd.Env = append(cmd.Env, "GOFLAGS=-mod=mod") // its go.sum may lack what only the list needs
	}
	out, err := cmd.Output()
	if err != nil {
		var stderr []byte
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			stderr = exit.Stderr
		}
		t.Fatalf("go list %s: %v\n%s", strings.Join(args, " "), err, stderr)
	}
	return strings.Fields(strings.ReplaceAll(string(out), " ", "@"))
}
