package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"
)

// A site is what can be asked for over HTTP, by anybody who can reach the address:
// nobody is asked who they are. It changes nothing, and shows the names of
// resources and what is wrong with them, never what files hold.
//
//	/         the page: what `mnw-agent status` shows
//	/healthz  200 "ok" while the loop is alive, else 503 and why: see pulse
//	/metrics  for Prometheus
type site struct {
	listener net.Listener
	server   *http.Server
}

// Limits of a conversation. What is asked for is small, and so is what is answered.
const (
	headerLimit  = 5 * time.Second
	requestLimit = 10 * time.Second
	answerLimit  = 30 * time.Second
	idleLimit    = time.Minute
	closeLimit   = 5 * time.Second
	headerBytes  = 16 << 10
)

// listen begins to listen. An address that others than this machine can reach is
// warned of.
func listen(o Options, p *pulse) (*site, error) {
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	address := listener.Addr().String()
	if at, ok := listener.Addr().(*net.TCPAddr); ok && !at.IP.IsLoopback() {
		o.Warn(fmt.Errorf("--listen %s is open to the network: whoever can reach it sees the names of all resources and what is wrong with them", address))
	}
	o.Listening(address)
	return &site{listener: limit(listener, maxConversations), server: &http.Server{
		Handler:           handler(o, p),
		ReadHeaderTimeout: headerLimit,
		ReadTimeout:       requestLimit,
		WriteTimeout:      answerLimit,
		IdleTimeout:       idleLimit,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          log.New(complaints{o.Warn}, "", 0),
	}}, nil
}

// serve answers until close.
func (s *site) serve() error {
	if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("http: %w", err)
	}
	return nil
}

// close lets answers in hand come to their end, for a while.
func (s *site) close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	if s.server.Shutdown(ctx) != nil {
		_ = s.server.Close()
	}
}

func handler(o Options, p *pulse) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", page(o))
	mux.Handle("GET /metrics", o.Metrics)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if err := p.hangs(time.Now()); err != nil {
			text(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		text(w, http.StatusOK, "ok")
	})
	return guarded(mux)
}

// guarded gives every answer the headers that keep browsers from making anything of
// it but what it is.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

func text(w http.ResponseWriter, status int, line string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, visible(line)+"\n")
}

// complaints are what net/http has to say.
type complaints struct{ warn func(error) }

func (c complaints) Write(line []byte) (int, error) {
	c.warn(errors.New(strings.TrimSpace(string(line))))
	return len(line), nil
}
