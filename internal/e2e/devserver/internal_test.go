package devserver

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	"go.temporal.io/server/common/log/tag"
	"go.temporal.io/server/temporal"
)

// TestFatalFault checks that a fault for which the Temporal server would end the process comes back as an error.
func TestFatalFault(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", defaultFrontendAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	db, err := openDatabase("", defaultNamespace, nil)
	if err != nil {
		t.Fatal(err)
	}
	addrs, err := chooseAddrs(defaultFrontendAddr)
	if err != nil {
		t.Fatal(err)
	}
	addrs["history"] = addrOf(taken)
	logger := &serverLogger{slog: Options{}.withDefaults().Logger}
	server, err := newTemporal(
		temporal.WithConfig(serverConfig(addrs, db)),
		temporal.WithDynamicConfigClient(dynamicConfig()),
		temporal.WithStaticHosts(staticHosts(addrs)),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithLogger(logger),
	)
	if server != nil || !isAddrInUse(err) || !strings.Contains(err.Error(), "gRPC listener") {
		t.Errorf("returned %v, %v, want an error for an address in use", server, err)
	}
}

// TestUIFaults checks that a fault in the Web UI is logged where it should be, and not on the standard output.
func TestUIFaults(t *testing.T) {
	t.Parallel()
	cfg, err := uiconfig.NewConfigProviderWithRefresh(&uiconfig.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	e, err := newUI(cfg, nil, &log)
	if err != nil {
		t.Fatal(err)
	}
	e.GET("/fault", func(echo.Context) error { panic("out of paint") })
	response := httptest.NewRecorder()
	e.ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/fault", nil))
	if response.Code != http.StatusInternalServerError || !strings.Contains(log.String(), "out of paint") {
		t.Errorf("status %d, log %q", response.Code, &log)
	}
}

func TestServerLogger(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := &serverLogger{slog: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	logger.Debug("debug")
	logger.Info("info")
	logger.Warn("warn")
	logger.Error("wrong", tag.ShardID(7), tag.Error(errors.New("why")))
	logger.muted.Store(true)
	logger.Error("stopping")
	got := log.String()
	if !strings.HasSuffix(got, "level=ERROR msg=wrong shard-id=7 error=why\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("log:\n%s", got)
	}
}

func TestURIPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/home/me/temporal.db": "///home/me/temporal.db",
		"/100%/a b?#.db":       "///100%25/a%20b%3F%23.db",
		"C:/Users/temporal.db": "///C:/Users/temporal.db",
	} {
		if got := uriPath(path); got != want {
			t.Errorf("uriPath(%q) = %q, want %q", path, got, want)
		}
	}
}
