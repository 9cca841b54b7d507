package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"

	"github.com/makenotwork/mnw-agent/agent"
)

// Handler answers with what is known of a node each time. Whoever asks gets what
// WriteFile writes: OpenMetrics would name the families of counters otherwise, and
// has nothing that these metrics need.
func Handler(status func() (*agent.Status, error), build Build) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := status()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		options := promhttp.HandlerOpts{AcceptedFormats: []expfmt.Format{format}}
		promhttp.HandlerFor(Registry(s, build), options).ServeHTTP(w, r)
	})
}
