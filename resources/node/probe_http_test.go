package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// site answers as the probes of these tests want it to.
func site() http.Handler {
	mux := http.NewServeMux()
	say := func(path string, status int, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, body)
		})
	}
	say("/health", 200, `{"status":"operational"}`)
	say("/created", 201, "")
	say("/down", 503, "the database\n\tis gone\x00\x1b[1m")
	say("/long", 200, strings.Repeat("word ", 30))
	say("/large", 200, strings.Repeat("x", bodyLimit)+"operational")
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/health", http.StatusFound) })
	mux.HandleFunc("/host", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "<%s>", r.Host) })
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		if name, password, ok := r.BasicAuth(); !ok || name != "max" || password != "p@ss" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	mux.HandleFunc("/breaks", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "operational")
	})
	mux.HandleFunc("/hints", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		io.WriteString(w, "operational")
	})
	mux.HandleFunc("/header", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 2*headLimit))
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "operational")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	return mux
}

func TestProbeHTTP(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(site())
	t.Cleanup(server.Close)
	for name, test := range map[string]struct {
		probe HTTPProbe
		want  string
	}{
		"any 2xx":           {HTTPProbe{URL: "/created"}, ""},
		"the status":        {HTTPProbe{URL: "/created", Status: 201}, ""},
		"another 2xx":       {HTTPProbe{URL: "/created", Status: 200}, "got 201, want 200"},
		"an error":          {HTTPProbe{URL: "/down", Status: 200}, "got 503, want 200: the database is gone\ufffd\ufffd[1m"},
		"an error for 2xx":  {HTTPProbe{URL: "/down"}, "got 503, want 2xx: the database is gone\ufffd\ufffd[1m"},
		"a wanted error":    {HTTPProbe{URL: "/down", Status: 503}, ""},
		"not there":         {HTTPProbe{URL: "/nothing"}, "got 404, want 2xx: 404 page not found"},
		"a redirect":        {HTTPProbe{URL: "/moved", Status: 200}, "got 302, want 200, a redirect to /health"},
		"a wanted redirect": {HTTPProbe{URL: "/moved", Status: 302}, ""},
		"the text":          {HTTPProbe{URL: "/health", Status: 200, Contains: "operational"}, ""},
		"another text":      {HTTPProbe{URL: "/health", Contains: "green"}, `the body does not contain "green": it begins with {"status":"operational"}`},
		"a long text":       {HTTPProbe{URL: "/long", Contains: "green"}, `the body does not contain "green": it begins with ` + strings.Repeat("word ", 24) + "…"},
		"no text":           {HTTPProbe{URL: "/created", Contains: "green"}, `the body does not contain "green": it is empty`},
		"too far behind":    {HTTPProbe{URL: "/large", Contains: "operational"}, `the first MiB of the body does not contain "operational": it begins with ` + strings.Repeat("x", 120) + "…"},
		"a large body":      {HTTPProbe{URL: "/large", Contains: "xxx"}, ""},
		"a short body":      {HTTPProbe{URL: "/breaks", Contains: "operational"}, "got 200, but the body breaks off: unexpected EOF"},
		"hints before it":   {HTTPProbe{URL: "/hints", Status: 200, Contains: "operational"}, ""},
		"another host":      {HTTPProbe{URL: "/host", ServerName: "www.test", Contains: fmt.Sprintf("<www.test:%d>", server.Listener.Addr().(*net.TCPAddr).Port)}, ""},
		"no password":       {HTTPProbe{URL: "/login"}, "got 401, want 2xx"},
		"a password":        {HTTPProbe{URL: "max:p%40ss@/login"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user, path, _ := strings.Cut(test.probe.URL, "/")
			test.probe.URL = "http://" + user + server.Listener.Addr().String() + "/" + path
			probed(t, Probe{HTTP: &test.probe, Limit: long}, test.want)
		})
	}
}

func TestProbeHTTPUnanswered(t *testing.T) {
	t.Parallel()
	shut := closed(t)
	hangsUp := listen(t, func(conn net.Conn) { conn.Read(make([]byte, 1000)); conn.Close() })
	noServer := listen(t, func(conn net.Conn) { io.WriteString(conn, "SSH-2.0-test\r\n") })
	noHeader := listen(t, func(conn net.Conn) { io.WriteString(conn, "HTTP/1.1 200 OK\r\n"+strings.Repeat("x", 300)+"\r\n\r\n") })
	switches := listen(t, func(conn net.Conn) { io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n") })
	server := httptest.NewServer(site())
	t.Cleanup(server.Close)
	for url, want := range map[string]string{
		"http://" + shut:        shut + ": connection refused",
		"https://" + shut:       shut + ": connection refused",
		"http://" + hangsUp:     "the server closed the connection without an answer",
		"http://" + noServer:    `malformed HTTP response "SSH-2.0-test"`,
		"http://" + silent(t):   "no answer within 300ms",
		"https://" + silent(t):  "no answer within 300ms",
		server.URL + "/endless": "got 200, but the body did not end within 300ms",
		server.URL + "/header":  "the head of the answer is longer than 64 KiB",
		"http://" + noHeader:    `malformed MIME header: missing colon: "` + strings.Repeat("x", 81) + "…",
		"http://" + switches:    "got 101, want 2xx",
		"http://bad..name/":     "lookup bad..name: no such host",
	} {
		t.Run(url, func(t *testing.T) {
			limit := long
			if strings.Contains(want, "300ms") {
				limit = 300 * time.Millisecond
			}
			probed(t, Probe{HTTP: &HTTPProbe{URL: url}, Limit: limit}, want)
		})
	}
}

func TestProbeRequest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ url, server, address, host string }{
		{"http://a/", "", "a:80", "a"},
		{"https://a/", "", "a:443", "a"},
		{"https://[::1]/", "www.test", "[::1]:443", "www.test"},
		{"http://127.0.0.1:3000/", "", "127.0.0.1:3000", "127.0.0.1:3000"},
		{"http://127.0.0.1:3000/", "www.test", "127.0.0.1:3000", "www.test:3000"},
	} {
		r, err := (&HTTPProbe{URL: test.url, ServerName: test.server}).request()
		if err != nil {
			t.Fatal(err)
		}
		if at := addressOf(r.URL); at != test.address || r.Host != test.host {
			t.Errorf("%s of %q: %s is asked for %s, want %s for %s", test.url, test.server, at, r.Host, test.address, test.host)
		}
	}
}

// A connection that is kept would hide that the server takes no new ones.
func TestProbeHTTPConnectsAnew(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(site())
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	m := machine(t)
	for range 3 {
		if err := m.Probe(t.Context(), Probe{HTTP: &HTTPProbe{URL: server.URL + "/health"}, Limit: long}); err != nil {
			t.Fatal(err)
		}
	}
	if got := connections.Load(); got != 3 {
		t.Errorf("%d connections for 3 tries", got)
	}
}

func TestProbeTLS(t *testing.T) {
	t.Parallel()
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	secure := httptest.NewUnstartedServer(site())
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{ours.issue(t, "www.test")}}
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(site())
	t.Cleanup(plain.Close)
	empty, missing := filepath.Join(t.TempDir(), "empty"), filepath.Join(t.TempDir(), "missing")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	at, port := secure.URL+"/health", secure.Listener.Addr().(*net.TCPAddr).Port
	for name, test := range map[string]struct {
		probe HTTPProbe
		want  string
	}{
		"its authority":   {HTTPProbe{URL: at, CA: ours.file, ServerName: "www.test", Contains: "operational"}, ""},
		"the name":        {HTTPProbe{URL: secure.URL + "/host", CA: ours.file, ServerName: "www.test", Contains: fmt.Sprintf("<www.test:%d>", port)}, ""},
		"another name":    {HTTPProbe{URL: at, CA: ours.file, ServerName: "api.test"}, "the server's certificate is not trusted: x509: certificate is valid for www.test, not api.test"},
		"an address":      {HTTPProbe{URL: at, CA: ours.file}, "the server's certificate is not trusted: x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs"},
		"no authority":    {HTTPProbe{URL: at, ServerName: "www.test"}, "the server's certificate is not trusted: x509: certificate signed by unknown authority"},
		"another's":       {HTTPProbe{URL: at, CA: theirs.file, ServerName: "www.test"}, "the server's certificate is not trusted: x509: certificate signed by unknown authority"},
		"insecure":        {HTTPProbe{URL: at, Insecure: true}, ""},
		"no file":         {HTTPProbe{URL: at, CA: missing}, "ca: read " + missing + ": no such file or directory"},
		"an empty file":   {HTTPProbe{URL: at, CA: empty}, "ca: there is no certificate in " + empty},
		"a plain server":  {HTTPProbe{URL: strings.Replace(plain.URL, "http", "https", 1)}, "the server does not speak TLS"},
		"a plain request": {HTTPProbe{URL: strings.Replace(at, "https", "http", 1), Status: 200}, "got 400, want 200: Client sent an HTTP request to an HTTPS server."},
	} {
		t.Run(name, func(t *testing.T) { probed(t, Probe{HTTP: &test.probe, Limit: long}, test.want) })
	}
}

// An authority signs certificates, and is in a file.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	a := authority{key: newKey(t), file: filepath.Join(t.TempDir(), "ca.pem")}
	a.certificate = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.sign(t, a.certificate, a.key)})
	if err := os.WriteFile(a.file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return a
}

// issue is a certificate for a server of that name.
func (a authority) issue(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key := newKey(t)
	c := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour)}
	return tls.Certificate{Certificate: [][]byte{a.sign(t, c, key)}, PrivateKey: key}
}

func (a authority) sign(t *testing.T, c *x509.Certificate, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	signed, err := x509.CreateCertificate(rand.Reader, c, a.certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
