package cli

import (
	"errors"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/manifests"
)

// statusOf is the exit status for an error that kept a verb from its work.
func statusOf(err error) int {
	var usage usageError
	switch {
	case errors.As(err, &usage), len(manifests.Errors(err)) > 0:
		return exitUsage
	case errors.Is(err, agent.ErrLocked):
		return exitLocked
	}
	return exitFailed
}

// fail tells why a verb could not do its work.
func (a *app) fail(err error) {
	a.status = statusOf(err)
	if a.flags.json {
		a.printJSON(failureDocument(err, a.status))
		return
	}
	a.printError(err)
}

// A failure is the document of a verb that could not do its work.
type failure struct {
	Version int                `json:"version"`
	Exit    int                `json:"exit"`
	Errors  []*manifests.Error `json:"errors"`
}

func failureDocument(err error, status int) failure {
	errs := manifests.Errors(err)
	if len(errs) == 0 {
		errs = []*manifests.Error{{Text: err.Error()}}
	}
	return failure{Version: 1, Exit: status, Errors: errs}
}
