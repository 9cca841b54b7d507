package serve

import (
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// A manager is the service manager that has started this program, if one has: what
// is told goes nowhere otherwise (sd_notify(3)).
type manager struct {
	warn     func(error)
	watchdog time.Duration // of the unit's WatchdogSec=; 0 for none
	ready    bool          // it was told so
	loading  bool          // it was told of a reload that is not over
}

// idleBeat is how often a loop without a watchdog feels its pulse.
const idleBeat = 10 * time.Second

func newManager(warn func(error)) (*manager, error) {
	watchdog, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return nil, err
	}
	return &manager{warn: warn, watchdog: watchdog}, nil
}

// beat is how often the watchdog is fed: twice as often as it must be.
func (m *manager) beat() time.Duration {
	if m.watchdog == 0 {
		return idleBeat
	}
	return max(m.watchdog/2, time.Millisecond)
}

func (m *manager) tell(lines ...string) {
	if _, err := daemon.SdNotify(false, strings.Join(lines, "\n")); err != nil {
		m.warn(fmt.Errorf("systemd: %w", err))
	}
}

// loaded says that the manifest is loaded, or that it was tried: that the service
// is up, for the first time, and later that a reload is over.
func (m *manager) loaded(stopping bool) {
	if !stopping && (!m.ready || m.loading) {
		m.tell(daemon.SdNotifyReady)
	}
	m.ready, m.loading = true, false
}

// reloading says that the manifest is about to be loaded again because somebody
// asked for it. With the time, it is what Type=notify-reload waits for (systemd
// 253); with Type=notify, ExecReload= has sent the signal, and the unit shows as
// reloading for that moment.
func (m *manager) reloading() {
	if !m.ready || m.loading {
		return // the load that is about to be tells
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		m.warn(err)
		return
	}
	m.tell(daemon.SdNotifyReloading, fmt.Sprintf("MONOTONIC_USEC=%d", now.Nano()/1000))
	m.loading = true
}

// status says in one line what the last run came to.
func (m *manager) status(line string) { m.tell("STATUS=" + strings.ReplaceAll(line, "\n", " ")) }

// feed says that the loop is alive. While it brings a run to its end, it asks for
// the time that this takes.
func (m *manager) feed(stopping bool) {
	var lines []string
	if m.watchdog > 0 {
		lines = append(lines, daemon.SdNotifyWatchdog)
	}
	if stopping {
		lines = append(lines, fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", (3*m.beat()).Microseconds()))
	}
	if len(lines) > 0 {
		m.tell(lines...)
	}
}

// stopping says that the service ends.
func (m *manager) stopping() { m.tell(daemon.SdNotifyStopping) }
