package serve

import (
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A listener hears what the service manager is told. The environment, which says
// where it listens, is everybody's: tests with one run alone.
type listener struct {
	t      *testing.T
	socket *net.UnixConn
}

func listenAsManager(t *testing.T) *listener {
	t.Helper()
	at := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: at, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	t.Setenv("NOTIFY_SOCKET", at)
	return &listener{t, socket}
}

// heard is what was told until now.
func (l *listener) heard(m *manager) []string {
	l.t.Helper()
	m.tell("END")
	var all []string
	for text := make([]byte, 1000); ; {
		n, err := l.socket.Read(text)
		if err != nil {
			l.t.Fatal(err)
		}
		if string(text[:n]) == "END" {
			return all
		}
		all = append(all, string(text[:n]))
	}
}

// The watchdog is fed while the loop is alive, and not while a run hangs; that is
// told once. A loop that brings a run to its end asks for the time.
func TestFed(t *testing.T) {
	ear := listenAsManager(t)
	t.Setenv("WATCHDOG_USEC", "2000000")
	warnings := 0
	l, err := newLoop(Options{Warn: func(error) { warnings++ }})
	if err != nil || l.manager.beat() != time.Second {
		t.Fatalf("it is fed every %s: %v", l.manager.beat(), err)
	}
	for _, c := range []struct {
		what, want string
		warnings   int
		now        func()
	}{
		{"it waits for the next run", "WATCHDOG=1", 0, func() {}},
		{"a run begins", "WATCHDOG=1", 0, func() { l.pulse.begin(time.Now()) }},
		{"it hangs", "", 1, func() { l.pulse.begin(time.Now().Add(-grace - time.Second)) }},
		{"it still does", "", 1, func() {}},
		{"it makes a change", "WATCHDOG=1", 1, func() { l.pulse.Made("file:/x") }},
		{"it is told to stop", "STOPPING=1;WATCHDOG=1\nEXTEND_TIMEOUT_USEC=3000000;WATCHDOG=1\nEXTEND_TIMEOUT_USEC=3000000", 1, func() { l.stop() }},
		{"and hangs", "", 1, func() { l.pulse.moved = time.Time{}; l.pulse.begin(time.Now().Add(-grace - time.Second)) }},
	} {
		c.now()
		l.feed()
		if got := strings.Join(ear.heard(l.manager), ";"); got != c.want || warnings != c.warnings {
			t.Errorf("%s: %q and %d warnings, want %q and %d", c.what, got, warnings, c.want, c.warnings)
		}
	}
}

// Systemd is told once that the service is up, and of each reload that it is over,
// but nothing of the kind when the service ends.
func TestReadiness(t *testing.T) {
	ear := listenAsManager(t)
	m, err := newManager(func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	m.reloading() // before it is up
	m.loaded(false)
	m.loaded(false)
	m.status("two\nlines")
	m.feed(false) // there is no watchdog
	m.reloading()
	m.loaded(false)
	m.reloading()
	m.loaded(true)
	heard := ear.heard(m)
	for i := range heard {
		heard[i], _, _ = strings.Cut(heard[i], "\nMONOTONIC_USEC=")
	}
	if want := []string{"READY=1", "STATUS=two lines", "RELOADING=1", "READY=1", "RELOADING=1"}; !slices.Equal(heard, want) {
		t.Errorf("systemd was told %q, want %q", heard, want)
	}
}
