package forecast

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/durablemcp/durablemcp/examples/weather/nws"
)

// The types of the errors with which the workflows fail.
const (
	InvalidLocation    = "InvalidLocation"    // the caller's latitude or longitude is wrong
	InvalidState       = "InvalidState"       // the caller's state is wrong
	NoForecast         = "NoForecast"         // nothing is forecast for this place
	ServiceRefused     = "ServiceRefused"     // the service refuses this program: somebody has to look
	ServiceUnavailable = "ServiceUnavailable" // the service failed, for now
)

// maxRetryAfter limits how long the service can put an activity off.
const maxRetryAfter = 5 * time.Minute

// failure turns an error of the weather service into what Temporal needs to
// know: whether a retry can help, and when.
//
// All errors reach Temporal. An activity that logs an error and returns
// nothing in its place looks like a success, and is never retried.
//
// If the service blames the request, errorType and explanation say what was
// wrong with the caller's arguments.
func failure(err error, errorType, explanation string) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err // Temporal ended the attempt itself
	}
	if errors.Is(err, nws.ErrNoForecast) {
		return mistake(NoForecast, explanation)
	}
	status, ok := errors.AsType[*nws.StatusError](err)
	switch {
	case ok && blamesArguments(status):
		return mistake(errorType, withProblem(explanation+" The weather service says", status))
	case ok && status.Permanent():
		return temporal.NewNonRetryableApplicationError(withProblem(status.Error(), status), ServiceRefused, nil)
	case ok:
		return temporal.NewApplicationErrorWithOptions(status.Error(), ServiceUnavailable,
			temporal.ApplicationErrorOptions{NextRetryDelay: min(status.RetryAfter, maxRetryAfter)})
	}
	return temporal.NewApplicationError(err.Error(), ServiceUnavailable)
}

// mistake is an error of the caller, which a retry cannot heal. It is benign:
// nobody who runs this has to look into it, so the worker does not log it.
func mistake(errorType, text string) error {
	return temporal.NewApplicationErrorWithOptions(text, errorType,
		temporal.ApplicationErrorOptions{NonRetryable: true, Category: temporal.ApplicationErrorCategoryBenign})
}

// blamesArguments tells the statuses that are about what was asked from those
// that are about who asks, such as 401 and 403.
func blamesArguments(status *nws.StatusError) bool {
	switch status.StatusCode {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

func withProblem(text string, status *nws.StatusError) string {
	if status.Problem == "" {
		return text + ": " + http.StatusText(status.StatusCode)
	}
	return text + ": " + status.Problem
}
