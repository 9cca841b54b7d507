package node

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	systemd "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
)

// ErrNoSystemd says that the node runs, but not under systemd: a container, say.
var ErrNoSystemd = errors.New("systemd does not run on this node")

// A bus talks to systemd, org.freedesktop.systemd1(5). It connects at the first
// question, and again when systemd has executed itself anew.
type bus struct {
	mu     sync.Mutex
	asks   *dbus.Conn           // for questions
	jobs   *systemd.Conn        // for jobs; made when there is one
	groups func() []string      // the control groups of this process
	asked  atomic.Pointer[look] // for the next view
}

func newBus() *bus {
	return &bus{groups: sync.OnceValue(ownGroups)}
}

func (b *bus) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.asks != nil {
		b.asks.Close()
	}
	if b.jobs != nil {
		b.jobs.Close()
	}
}

// dial connects to systemd's own socket, which answers several times faster
// than the system bus and also while no bus runs. The system bus serves those
// who may not use that socket.
func dial() (*dbus.Conn, error) {
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		return nil, ErrNoSystemd
	}
	conn, err := dbus.Dial("unix:path=/run/systemd/private")
	if err == nil {
		if err = conn.Auth([]dbus.Auth{dbus.AuthExternal(strconv.Itoa(os.Geteuid()))}); err == nil {
			return conn, nil
		}
		conn.Close()
	}
	conn, busErr := dbus.ConnectSystemBus()
	if busErr != nil {
		return nil, fmt.Errorf("cannot reach systemd: %w; nor over the system bus: %w", err, busErr)
	}
	return conn, nil
}

// asking is the connection for questions.
func (b *bus) asking() (*dbus.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.asks != nil && b.asks.Connected() {
		return b.asks, nil
	}
	conn, err := dial()
	if err == nil {
		b.asks = conn
	}
	return conn, err
}

// acting is the connection for jobs.
func (b *bus) acting() (*systemd.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.jobs != nil && b.jobs.Connected() {
		return b.jobs, nil
	}
	conn, err := systemd.NewConnection(dial)
	if err == nil {
		b.jobs = conn
	}
	return conn, err
}

const (
	systemdName   = "org.freedesktop.systemd1"
	managerPath   = dbus.ObjectPath("/org/freedesktop/systemd1")
	getProperty   = "org.freedesktop.DBus.Properties.Get"
	questionLimit = 20 * time.Second
)

// A property is one question to systemd, and where its answer goes.
type property struct {
	object   dbus.ObjectPath
	of, name string // "Unit", "LoadState"
	take     func(value any)
}

// ask puts all questions at once and then takes the answers: they cost one
// round trip together. GetAll, which tells hundreds of properties, takes several
// times as long.
func (b *bus) ask(questions []property) error {
	conn, err := b.asking()
	if err != nil {
		return err
	}
	late := time.AfterFunc(questionLimit, func() { conn.Close() })
	defer late.Stop()
	calls := make([]*dbus.Call, len(questions))
	for i, q := range questions {
		calls[i] = conn.Object(systemdName, q.object).Go(getProperty, 0, nil, systemdName+"."+q.of, q.name)
	}
	for i, call := range calls {
		<-call.Done
		if call.Err != nil {
			return fmt.Errorf("ask systemd for %s: %w", questions[i].name, call.Err)
		}
		if value, ok := call.Body[0].(dbus.Variant); ok {
			questions[i].take(value.Value())
		}
	}
	return nil
}

// manager asks systemd for itself. UnitsLoadTimestamp is empty until the first
// reload; what it read while booting has a time stamp of its own.
func (b *bus) manager() (Manager, error) {
	var atBoot, since time.Time
	err := b.ask([]property{
		{object: managerPath, of: "Manager", name: "UnitsLoadStartTimestamp", take: toTime(&atBoot)},
		{object: managerPath, of: "Manager", name: "UnitsLoadTimestamp", take: toTime(&since)},
	})
	if since.IsZero() {
		since = atBoot
	}
	return Manager{Loaded: since}, err
}

// toTime takes a time stamp: microseconds since 1970, 0 for never.
func toTime(t *time.Time) func(any) {
	return func(value any) {
		if usec, _ := value.(uint64); usec > 0 {
			*t = time.UnixMicro(int64(usec))
		}
	}
}

// ownGroups are the control groups that this process is in, one for each
// hierarchy: "/system.slice/mnw-agent.service".
func ownGroups() []string {
	text, _ := os.ReadFile("/proc/self/cgroup")
	var groups []string
	for line := range strings.Lines(string(text)) {
		if fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3); len(fields) == 3 {
			groups = append(groups, fields[2])
		}
	}
	return groups
}

// holdsUs says whether this process runs in the unit, so that stopping the
// unit would end it.
func (b *bus) holdsUs(unit string) bool {
	return slices.ContainsFunc(b.groups(), func(group string) bool {
		return strings.Contains(group+"/", "/"+unit+"/")
	})
}
