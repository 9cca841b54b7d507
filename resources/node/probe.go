package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
	"unicode"

	"golang.org/x/sys/unix"
)

// A Probe asks, once, whether something on the node works. It is data, as a
// Judge is; exactly one of HTTP, TCP, Command and Unit is set.
type Probe struct {
	HTTP *HTTPProbe
	// TCP is the host:port that must accept a connection.
	TCP string
	// Command is a program, found in the usual directories of root, and its
	// arguments; it must end with status 0.
	Command []string
	// User is who runs the command; empty for root.
	User string
	// Unit is the unit that must be active.
	Unit string
	// Limit is how long one try may take; 0 for a minute.
	Limit time.Duration
}

// An HTTPProbe is a URL that must answer. Redirects are not followed.
type HTTPProbe struct {
	URL        string
	Status     int    // what it answers with; 0 for any 2xx
	Contains   string // what the body holds
	CA         string // a PEM file on the node, trusted in place of the system's authorities
	ServerName string // the server that is asked for, and the name in its certificate; "" for the host in the URL
	Insecure   bool   // any certificate will do
}

// Probe tries once. It returns nil when the probe passes; otherwise the error
// says in one line why not. It takes no longer than the probe's limit, and ends
// with ctx.
func (m *Machine) Probe(ctx context.Context, p Probe) error {
	if m.offline {
		return ErrOffline
	}
	p.Limit = cmp.Or(p.Limit, programLimit)
	within, cancel := context.WithTimeout(ctx, p.Limit)
	defer cancel()
	err := m.probe(within, p)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (m *Machine) probe(ctx context.Context, p Probe) error {
	switch {
	case p.HTTP != nil:
		return m.probeHTTP(ctx, p)
	case p.TCP != "":
		conn, err := p.connect(ctx, p.TCP)
		if err != nil {
			return err
		}
		return conn.Close()
	case len(p.Command) > 0:
		return m.probeCommand(ctx, p)
	}
	return m.probeUnit(ctx, p)
}

// connect makes a connection, or says in few words why there is none.
func (p Probe) connect(ctx context.Context, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	var unknown *net.DNSError
	var number syscall.Errno
	switch {
	case errors.As(err, &unknown):
		return nil, unknown
	case err != nil && (ctx.Err() != nil || os.IsTimeout(err)):
		return nil, fmt.Errorf("no connection to %s within %s", address, p.Limit)
	case errors.As(err, &number):
		return nil, fmt.Errorf("%s: %w", address, number)
	}
	return conn, err
}

// probeCommand runs the command. What it says is not shown but for its last line.
func (m *Machine) probeCommand(ctx context.Context, p Probe) error {
	program, err := m.program(p.Command[0])
	if errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("there is no program %s on this node", p.Command[0])
	}
	if err != nil {
		return err
	}
	c := command{argv: append([]string{program}, p.Command[1:]...), limit: p.Limit}
	if p.User != "" {
		as, home, err := m.identity(p.User)
		if err != nil {
			return err
		}
		c.as, c.env = as, []string{"HOME=" + home}
	}
	_, err = run(ctx, c)
	var failed *commandError
	if errors.As(err, &failed) {
		failed.said = lastLine(failed.said)
	}
	return err
}

// probeUnit asks systemd, whose answer is not waited for when ctx ends.
func (m *Machine) probeUnit(ctx context.Context, p Probe) error {
	known := make(chan answer, 1)
	go func() {
		unit, err := m.bus.unit(p.Unit)
		known <- answer{unit: unit, err: err}
	}()
	select {
	case told := <-known:
		if told.err != nil {
			return told.err
		}
		return told.unit.complaint()
	case <-ctx.Done():
		return fmt.Errorf("systemd did not answer within %s", p.Limit)
	}
}

// complaint says why a unit does not count as working.
func (u Unit) complaint() error {
	switch {
	case u.Running():
		return nil
	case u.LoadState == "not-found":
		return errors.New("there is no such unit")
	case u.LoadState == "masked":
		return fmt.Errorf("it is %s, and masked", u.State())
	}
	return fmt.Errorf("it is %s", u.State())
}

func lastLine(said string) string {
	said = strings.TrimSpace(said)
	return glimpse(said[strings.LastIndexByte(said, '\n')+1:])
}

// glimpseLimit is how much is shown of what a server or a program says.
const glimpseLimit = 120

// glimpse is the beginning of a text as it can be shown in one line.
func glimpse(text string) string {
	text = text[:min(len(text), 10*glimpseLimit)]
	shown := []rune(strings.Join(strings.Fields(text), " "))
	if len(shown) > glimpseLimit {
		shown = append(shown[:glimpseLimit], '…')
	}
	for i, r := range shown {
		if !unicode.IsPrint(r) {
			shown[i] = unicode.ReplacementChar
		}
	}
	return string(shown)
}
