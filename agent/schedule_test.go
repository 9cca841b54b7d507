package agent

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// A preparing is a change that prepares for others.
type preparing struct{ node.Change }

func (preparing) Prepares() bool { return true }

// changing is a step that changes some paths, after others.
func changing(id string, paths ...string) *step {
	s := &step{id: parseID(id), state: planned}
	for _, p := range paths {
		s.plan.Changes = append(s.plan.Changes, &node.PathChange{Path: p})
		s.looked = append(s.looked, node.Subject{Kind: node.OfPath, Name: p})
	}
	return s
}

func (s *step) with(needs ...*step) *step {
	s.needs = append(s.needs, needs...)
	return s
}

// running is the run of a unit that does some things.
func running(unit string, changes ...node.Change) *step {
	s := changing("run:" + unit)
	s.looked = append(s.looked, node.Subject{Kind: node.OfManager}, node.Subject{Kind: node.OfUnit, Name: unit})
	s.plan.Changes = changes
	return s
}

func acts(verb node.Verb, unit string) node.Change { return &node.UnitAction{Unit: unit, Verb: verb} }

// opening lets some steps need a unit to be stopped, and is the stop.
func opening(run *step, steps ...*step) *step {
	w := newWindow(run)
	for _, s := range steps {
		s.windows = append(s.windows, w)
		run.needs = append(run.needs, s)
	}
	w.stop.state, w.stop.plan.Changes = planned, []node.Change{acts(node.StopUnit, w.unit)}
	return w.stop
}

func parsed(t *testing.T, text string) *manifests.Manifest {
	t.Helper()
	m, err := manifests.Parse("m.yaml", []byte(text), manifests.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func told(stints []stint) string {
	var words []string
	for _, t := range stints {
		for _, c := range t.changes {
			word := c.Subject().Name
			switch c := c.(type) {
			case *node.UnitAction:
				word = string(c.Verb) + " " + c.Unit
			case *node.ManagerReload:
				word = "reload"
			}
			words = append(words, word)
		}
	}
	return strings.Join(words, ", ")
}

// While a unit is down, only that is made which it is down for, and what must come
// between that and its start.
func TestSchedule(t *testing.T) {
	inside := changing("file:/in", "/in")
	before, unbound := changing("file:/a", "/a"), changing("file:/z", "/z")
	below := changing("file:/in/below", "/in/below").with(inside) // depends, and the start does not need it
	link := changing("symlink:/link", "/link").with(inside)       // depends, and the start needs it
	reader := changing("file:/reads", "/reads")                   // has looked at what changes inside
	reader.looked = append(reader.looked, node.Subject{Kind: node.OfPath, Name: "/in"})
	unit := changing("unit:u.service", "/etc/u.service")
	other := running("a.service", acts(node.RestartUnit, "a.service"))
	last := running("z.service", acts(node.RestartUnit, "z.service"))
	run := running("u.service", &node.ManagerReload{}, acts(node.StartUnit, "u.service")).with(unit, link)
	run.looked = append(run.looked, node.Subject{Kind: node.OfPath, Name: "/etc/u.service"})
	stop := opening(run, inside)
	behind := changing("file:/behind", "/behind").with(run)

	order := []*step{before, stop, inside, below, link, reader, unbound, unit, other, run, last, behind}
	want := "/a, /z, /etc/u.service, restart a.service, reload, restart z.service, " +
		"stop u.service, /in, /link, start u.service, /in/below, /reads, /behind"
	if got := told(schedule(order)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	without := []*step{before, inside, unit, other, last}
	if got := told(schedule(without)); got != "/a, /in, /etc/u.service, restart a.service, restart z.service" {
		t.Errorf("nothing is stopped, and the order is %s", got)
	}
}

// systemd reads unit files anew before the unit is stopped, unless they change only
// then; a unit that has its reload from there waits, too.
func TestScheduleReload(t *testing.T) {
	unit := changing("unit:u.service", "/etc/u.service")
	run := running("u.service", &node.ManagerReload{}, acts(node.StartUnit, "u.service")).with(unit)
	run.looked = append(run.looked, node.Subject{Kind: node.OfPath, Name: "/etc/u.service"})
	last := running("z.service", acts(node.RestartUnit, "z.service"))
	stop := opening(run, unit)
	const want = "stop u.service, /etc/u.service, reload, start u.service, restart z.service"
	if got := told(schedule([]*step{stop, unit, run, last})); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What merely prepares is made while the unit still runs, and before all that it does not need.
func TestSchedulePrepares(t *testing.T) {
	made := changing("directory:/home", "/home")
	moved := changing("user:u", "/copy", "/delta", "/passwd").with(made)
	moved.plan.Changes[0] = preparing{moved.plan.Changes[0]}
	run := running("u.service", acts(node.StartUnit, "u.service"))
	stop := opening(run, moved)
	free, used := changing("file:/free", "/free"), changing("file:/used", "/used")
	moved.looked = append(moved.looked, node.Subject{Kind: node.OfPath, Name: "/used"})
	stints := schedule([]*step{free, used, made, stop, moved, run})
	if got := told(stints); got != "/used, /home, /copy, /free, stop u.service, /delta, /passwd, start u.service" {
		t.Errorf("got %s", got)
	}
	if stints[2].last || !stints[5].last {
		t.Error("the step is made when its last change is")
	}
}

// Two units are down together. When one is down already, nothing goes before its start
// that it does not need.
func TestScheduleSeveral(t *testing.T) {
	inside, also := changing("file:/in", "/in"), changing("file:/also", "/also")
	a, b := running("a.service", acts(node.StartUnit, "a.service")), running("b.service", acts(node.StartUnit, "b.service"))
	stopA, stopB := opening(a, inside), opening(b, inside, also)
	free := changing("file:/free", "/free")
	order := []*step{free, stopB, also, stopA, inside, a, b}
	if got := told(schedule(order)); got != "/free, stop b.service, stop a.service, /also, /in, start a.service, start b.service" {
		t.Errorf("got %s", got)
	}
	stopA.state, stopB.state, inside.state = made, made, made
	if got := told(schedule([]*step{free, also, a, b})); got != "/also, start a.service, start b.service, /free" {
		t.Errorf("down already: got %s", got)
	}
}

// The windows of a manifest: what must be stopped for a resource, and what it waits for.
func TestWindows(t *testing.T) {
	m := parsed(t, `version: 1
files: {/a: {content: x}}
units:
  a.service: {needs_stop: ["file:/a", "unit:b.service"]}
  b.service: {}
  gone.service: {state: absent, needs_stop: ["file:/a"]}
`)
	g, err := order(m)
	if err != nil || len(g.windows) != 1 {
		t.Fatal(g.windows, err)
	}
	run := g.find(resources.ID{Type: runType, Name: "a.service"})
	for _, id := range []string{"file:/a", "unit:b.service", "run:b.service"} {
		s := g.find(parseID(id))
		if len(s.windows) != 1 || !newReach(map[*step]bool{s: true}).needs(run) {
			t.Errorf("%s: a.service is not stopped for it", id)
		}
	}
	if _, err := order(parsed(t, "version: 1\nfiles: {/a: {content: x, after: ['unit:a.service']}}\nunits: {a.service: {needs_stop: ['file:/a']}}\n")); err == nil || !strings.Contains(err.Error(), "wait for each other") {
		t.Errorf("it waits for its own end: %v", err)
	}
}
