package devserver

import (
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/temporalio/ui-server/v2/server/api"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/csrf"
	"github.com/temporalio/ui-server/v2/server/headers"
	"github.com/temporalio/ui-server/v2/server/route"
	"github.com/temporalio/ui-server/v2/ui"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
)

// startUI serves the Web UI on l.
//
// It puts the parts of the ui-server together itself, as that module's own NewServer does. That one opens its port
// itself, ends the process if it cannot, and logs to the standard output.
func (s *Server) startUI(l net.Listener) error {
	cfg, err := uiconfig.NewConfigProviderWithRefresh(&uiconfig.Config{
		TemporalGRPCAddress: s.frontendAddr,
		DefaultNamespace:    s.opts.Namespace,
		EnableUI:            true,
		DisableNewsFetch:    true,
	})
	if err != nil {
		return err
	}
	conn, err := api.CreateGRPCConnection(cfg)
	if err != nil {
		return err
	}
	s.onStop(func() { conn.Close() })

	errorLog := slog.NewLogLogger(s.opts.Logger.Handler(), slog.LevelError)
	handler, err := newUI(cfg, conn, errorLog.Writer())
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ErrorLog: errorLog, ReadHeaderTimeout: 10 * time.Second}
	s.onStop(func() { server.Close() })
	go func() { _ = server.Serve(l) }() // until it is closed
	s.uiURL = "http://" + dialable(addrOf(l))
	return nil
}

// newUI returns the handler of the Web UI, which calls the Temporal server over conn.
func newUI(cfg *uiconfig.ConfigProviderWithRefresh, conn *grpc.ClientConn, errorLog io.Writer) (*echo.Echo, error) {
	const cookieSecure = false // browsers do not store a secure cookie from plain http
	e := echo.New()
	e.Logger.SetOutput(errorLog)
	e.Use(
		middleware.Recover(),
		middleware.Gzip(),
		middleware.Secure(),
		csrf.EnsureTokenCookie(cookieSecure),
		middleware.CSRFWithConfig(csrf.MiddlewareConfig(cfg, cookieSecure)),
	)
	addAPIRoutes(e, cfg, conn)
	return e, addPageRoutes(e, cfg)
}

// addAPIRoutes adds the calls that the pages make, nearly all of which go to the Temporal server as they are. It does
// so itself because route.SetAPIRoutes makes a connection that cannot be closed.
func addAPIRoutes(e *echo.Echo, cfg *uiconfig.ConfigProviderWithRefresh, conn *grpc.ClientConn) {
	forward := []api.Middleware{headers.WithForwardHeaders([]string{"Caller-Type"})}
	rawHistory := api.WorkflowRawHistoryHandler(workflowservice.NewWorkflowServiceClient(conn))

	group := e.Group("/api/v1")
	group.GET("/settings", api.GetSettings(cfg))
	// Without NotifyOnNewVersion in the configuration, this asks nobody.
	group.GET("/releases", api.GetLatestReleases(cfg, api.NewReleaseChecker()))
	group.GET("/ui-extensions", api.GetUIExtensions(cfg, api.TemporalAccessCheck(conn, forward)))
	group.GET(api.WorkflowRawHistoryUrl, rawHistory)
	group.Any("/*", api.TemporalAPIHandler(cfg, forward, conn))
}

func addPageRoutes(e *echo.Echo, cfg *uiconfig.ConfigProviderWithRefresh) error {
	assets, err := ui.Assets()
	if err != nil {
		return err
	}
	assets, err = fs.Sub(assets, "local")
	if err != nil {
		return err
	}
	route.SetHealthRoute(e)
	route.SetRenderRoute(e, "/")
	return route.SetUIRoutes(e, "", assets, cfg)
}
