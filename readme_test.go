package durablemcp_test

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeSnippetsCompile checks that every Go snippet of the README stands
// in a file that the compiler sees.
func TestReadmeSnippetsCompile(t *testing.T) {
	t.Parallel()
	readme := read(t, "README.md")
	compiled := normalise(read(t, "example_test.go"))
	blocks := strings.Split(readme, "```go\n")[1:]
	if len(blocks) == 0 {
		t.Error("the README has no Go snippet")
	}
	for _, block := range blocks {
		snippet, _, _ := strings.Cut(block, "```")
		if !strings.Contains(compiled, normalise(snippet)) {
			t.Errorf("this snippet of the README is not in example_test.go:\n%s", snippet)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// normalise drops indentation: snippets stand outside of the function that
// compiles them.
func normalise(code string) string {
	lines := strings.Split(strings.TrimSpace(code), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n")
}
