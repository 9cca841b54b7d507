package node

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"syscall"
)

// How much of an answer is read.
const (
	headLimit = 64 << 10
	bodyLimit = 1 << 20
)

// probeHTTP makes one request on a connection of its own: one that was kept from
// the try before would hide that the server takes no new ones. No proxy comes
// between, and a redirect is an answer like any other. http.Transport is made for
// more than that: it writes to the log about servers that speak out of turn, and
// its errors about them depend on who was first.
func (m *Machine) probeHTTP(ctx context.Context, p Probe) error {
	request, err := p.HTTP.request()
	if err != nil {
		return err
	}
	settings, err := m.tlsSettings(p.HTTP, request.URL)
	if err != nil {
		return err
	}
	conn, err := p.connect(ctx, addressOf(request.URL))
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	speaks := conn
	if request.URL.Scheme == "https" {
		speaks = tls.Client(conn, settings)
	}
	answer, body, err := exchange(speaks, request)
	switch {
	case err == nil:
		return p.HTTP.judge(answer, body)
	case answer == nil && ctx.Err() != nil:
		return fmt.Errorf("no answer within %s", p.Limit)
	case answer == nil:
		return unanswered(err)
	case ctx.Err() != nil:
		return fmt.Errorf("got %d, but the body did not end within %s", answer.StatusCode, p.Limit)
	}
	return fmt.Errorf("got %d, but the body breaks off: %w", answer.StatusCode, err)
}

// exchange makes a request and reads the answer to it, which is nil when there
// is none, and as much as is wanted of its body.
func exchange(conn net.Conn, request *http.Request) (answer *http.Response, body []byte, err error) {
	if err := request.Write(conn); err != nil {
		return nil, nil, err
	}
	limited := &io.LimitedReader{R: conn, N: headLimit}
	reader := bufio.NewReader(limited)
	answer, err = http.ReadResponse(reader, request)
	for err == nil && isPreliminary(answer.StatusCode) {
		answer, err = http.ReadResponse(reader, request)
	}
	switch {
	case err != nil && limited.N <= 0:
		return nil, nil, errors.New("the head of the answer is longer than 64 KiB")
	case err != nil:
		return nil, nil, err
	}
	limited.N = math.MaxInt64
	body, err = io.ReadAll(io.LimitReader(answer.Body, bodyLimit))
	return answer, body, err
}

// isPreliminary says whether the answer itself is still to come.
func isPreliminary(status int) bool {
	return status < 200 && status != http.StatusSwitchingProtocols
}

// request asks for the URL, of the server that is named.
func (h *HTTPProbe) request() (*http.Request, error) {
	request, err := http.NewRequest(http.MethodGet, h.URL, nil)
	if err != nil {
		return nil, err
	}
	request.Close = true
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
func (m *Machine) tlsSettings(h *HTTPProbe, at *url.URL) (*tls.Config, error) {
	settings := &tls.Config{ServerName: cmp.Or(h.ServerName, at.Hostname()), InsecureSkipVerify: h.Insecure}
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
	return errors.New(glimpse(err.Error())) // it may repeat what the server says
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
