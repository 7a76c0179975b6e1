package bench

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// BenchmarkStart starts the weather example with a new database, and reports
// when it has served its first forecast.
func BenchmarkStart(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "weather")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	build := exec.CommandContext(b.Context(), "go", "build", "-o", binary, "./weather")
	build.Dir = "../../../examples"
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	scores := race(b, 5, 1, 1, contender{"start-to-forecast", func(int) error { return startWeather(b, binary) }})
	b.ReportMetric(scores["start-to-forecast"].p50()/1000, "start-to-forecast-p50-ms")
	b.ReportMetric(scores["start-to-forecast"].p99()/1000, "start-to-forecast-max-ms")
}

var mcpURL = regexp.MustCompile(`http://[^ ]+/mcp`)

func startWeather(b *testing.B, binary string) error {
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	weather := exec.CommandContext(ctx, binary, "-http", "127.0.0.1:0", "-ui", "127.0.0.1:0", "-data", filepath.Join(b.TempDir(), "weather.db"))
	stdout, err := weather.StdoutPipe()
	if err != nil {
		return err
	}
	if err := weather.Start(); err != nil {
		return err
	}
	defer func() {
		_ = weather.Process.Kill()
		_ = weather.Wait()
	}()
	url, err := findURL(stdout)
	if err != nil {
		return err
	}
	session, err := mcp.NewClient(implementation, nil).Connect(ctx, &mcp.StreamableClientTransport{Endpoint: url}, nil)
	if err != nil {
		return err
	}
	defer session.Close()
	_, err = session.CallTool(ctx, &mcp.CallToolParams{Name: "get_forecast", Arguments: map[string]any{"latitude": 38.58, "longitude": -121.49}})
	return err
}

func findURL(stdout io.Reader) (string, error) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if url := mcpURL.FindString(lines.Text()); url != "" {
			return url, nil
		}
	}
	return "", io.ErrUnexpectedEOF
}
