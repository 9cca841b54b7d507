package node

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

// bodyLimit is how much of a body is read.
const bodyLimit = 1 << 20

// probeHTTP makes one request on a connection of its own: one that was kept from
// the try before would hide that the server takes no new ones. The environment
// names no proxy for it, and a redirect is an answer like any other.
func (m *Machine) probeHTTP(ctx context.Context, p Probe) error {
	request, err := p.HTTP.request(ctx)
	if err != nil {
		return err
	}
	settings, err := m.tlsSettings(p.HTTP)
	if err != nil {
		return err
	}
	conn, err := p.connect(ctx, addressOf(request.URL))
	if err != nil {
		return err
	}
	defer conn.Close()
	transport := &http.Transport{
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return conn, nil },
		TLSClientConfig:   settings,
		DisableKeepAlives: true,
	}
	answer, err := transport.RoundTrip(request)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("no answer within %s", p.Limit)
	}
	if err != nil {
		return unanswered(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, bodyLimit))
	switch {
	case ctx.Err() != nil && err != nil:
		return fmt.Errorf("got %d, but the body did not end within %s", answer.StatusCode, p.Limit)
	case err != nil:
		return fmt.Errorf("got %d, but the body breaks off: %w", answer.StatusCode, err)
	}
	return p.HTTP.judge(answer, body)
}

// request asks for the URL, of the server that is named.
func (h *HTTPProbe) request(ctx context.Context) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "mnw-agent")
	if user := request.URL.User; user != nil {
		password, _ := user.Password()
		request.SetBasicAuth(user.Username(), password)
	}
	if h.ServerName != "" {
		request.Host = h.ServerName
		if port := request.URL.Port(); port != "" {
			request.Host = net.JoinHostPort(h.ServerName, port)
		}
	}
	return request, nil
}

// addressOf is the host and the port of a URL.
func addressOf(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// tlsSettings are how the server's certificate is verified. The file of
// authorities is read at each try: a run may have changed it.
func (m *Machine) tlsSettings(h *HTTPProbe) (*tls.Config, error) {
	settings := &tls.Config{ServerName: h.ServerName, InsecureSkipVerify: h.Insecure}
	if h.CA == "" {
		return settings, nil
	}
	text, err := m.readFile(h.CA)
	if err != nil {
		return nil, fmt.Errorf("ca: %w", err)
	}
	settings.RootCAs = x509.NewCertPool()
	if !settings.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("ca: there is no certificate in %s", h.CA)
	}
	return settings, nil
}

// unanswered says why there is no answer on a connection that was made.
func unanswered(err error) error {
	var untrusted *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	switch {
	case errors.As(err, &untrusted):
		return fmt.Errorf("the server's certificate is not trusted: %w", untrusted.Err)
	case errors.As(err, &plain):
		return errors.New("the server does not speak TLS")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return errors.New("the server closed the connection without an answer")
	}
	return errors.New(strings.TrimPrefix(err.Error(), "net/http: HTTP/1.x transport connection broken: "))
}

// judge holds an answer to what is wanted of it.
func (h *HTTPProbe) judge(answer *http.Response, body []byte) error {
	got := answer.StatusCode
	switch {
	case h.Status == 0 && (got < 200 || got > 299):
		return fmt.Errorf("got %d, want 2xx%s", got, remark(answer, body))
	case h.Status != 0 && got != h.Status:
		return fmt.Errorf("got %d, want %d%s", got, h.Status, remark(answer, body))
	case bytes.Contains(body, []byte(h.Contains)):
		return nil
	case len(bytes.TrimSpace(body)) == 0:
		return fmt.Errorf("the body does not contain %q: it is empty", h.Contains)
	case len(body) == bodyLimit:
		return fmt.Errorf("the first MiB of the body does not contain %q: it begins with %s", h.Contains, glimpse(string(body)))
	}
	return fmt.Errorf("the body does not contain %q: it begins with %s", h.Contains, glimpse(string(body)))
}

// remark is what an answer says besides its status.
func remark(answer *http.Response, body []byte) string {
	switch to := answer.Header.Get("Location"); {
	case to != "" && answer.StatusCode/100 == 3:
		return ", a redirect to " + glimpse(to)
	case len(bytes.TrimSpace(body)) > 0:
		return ": " + glimpse(string(body))
	}
	return ""
}
