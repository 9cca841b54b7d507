// Package service is the agent as a service of systemd: the units that have it run by
// itself, hardened, and the manifest that declares them. Whoever installs the service
// applies that manifest, so that it is planned, journalled and taken back like any other.
//
// There are two flavours: a oneshot service that a timer starts, and a service that
// goes on running. To have one is not to have the other.
package service

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources"
)

// DefaultName is the name of the service.
const DefaultName = "mnw-agent"

const serveSuffix = "-serve"

// A Service is the agent as it is to run by itself.
type Service struct {
	Name    string        // of its units
	Argv    []string      // the program and its arguments, with paths as the node has them
	Serve   bool          // it goes on running; otherwise a timer starts it:
	Every   time.Duration // from one run to the next
	Jitter  time.Duration // by how much a node may be late; 0 for nothing
	Timeout time.Duration // how long a run may take by its own account; 0 for no limit
}

var serviceName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^` + DefaultName + `(-[A-Za-z0-9_.-]{1,100})?$`)
})

// CheckName refuses a name that could be that of somebody else's unit, or of another
// flavour.
func CheckName(name string) error {
	if serviceName().MatchString(name) && !strings.HasSuffix(name, serveSuffix) {
		return nil
	}
	return fmt.Errorf("%q is no name for the service: it is %s, or begins with it, as in %[2]s-web, and does not end in %s", name, DefaultName, serveSuffix)
}

// Timer is the unit that starts a service of that name.
func Timer(name string) string { return name + ".timer" }

// Oneshot is the unit that the timer starts.
func Oneshot(name string) string { return name + ".service" }

// Serving is the unit that goes on running.
func Serving(name string) string { return name + serveSuffix + ".service" }

// Manifest declares the units of the service, and that those of the other flavour are
// not there. The path is that of a manifest which would say so: in the journal it goes
// by that name.
func (s Service) Manifest(path string) (*manifests.Manifest, error) {
	units, err := s.units()
	if err != nil {
		return nil, err
	}
	entries := absent(s.Name)
	for i, e := range entries {
		if unit := units[e.ID.Name]; unit != nil {
			entries[i].Resource = unit
		}
	}
	if !s.Serve {
		entries = entries[:len(entries)-1] // the timer's stamp stays
	}
	return parse(path, entries)
}

// Absent declares that no unit of a service is there.
func Absent(name, path string) (*manifests.Manifest, error) { return parse(path, absent(name)) }

// absent is all units, and last what systemd keeps of the timer, which it writes as long
// as that runs.
func absent(name string) []manifests.Entry {
	var entries []manifests.Entry
	for _, unit := range []string{Oneshot(name), Serving(name), Timer(name)} {
		entries = append(entries, manifests.Entry{ID: resources.ID{Type: "unit", Name: unit}, Resource: &resources.Unit{State: resources.Gone}})
	}
	return append(entries, manifests.Entry{
		ID:       resources.ID{Type: "file", Name: "/var/lib/systemd/timers/stamp-" + Timer(name)},
		Resource: &resources.File{State: resources.Gone}, After: []manifests.Ref{{ID: entries[len(entries)-1].ID}},
	})
}

// parse goes through the text of a manifest: what is declared there is checked, and
// has a digest.
func parse(path string, entries []manifests.Entry) (*manifests.Manifest, error) {
	text, err := manifests.Encode(entries)
	if err != nil {
		return nil, err
	}
	return manifests.Parse(path, text, manifests.Options{})
}

// units is the units of the flavour, by name.
func (s Service) units() (map[string]*resources.Unit, error) {
	yes := true
	if s.Serve {
		text, err := s.render("serve.service")
		program := resources.Path(s.Argv[0]) // a newer one is started as soon as somebody installs it
		return map[string]*resources.Unit{
			Serving(s.Name): {Text: text, Enabled: &yes, Active: &yes, Reads: []resources.Path{program}},
		}, err
	}
	oneshot, err := s.render("agent.service")
	if err != nil {
		return nil, err
	}
	timer, err := s.render("agent.timer")
	return map[string]*resources.Unit{
		Oneshot(s.Name): {Text: oneshot},
		Timer(s.Name):   {Text: timer, Enabled: &yes, Active: &yes},
	}, err
}
