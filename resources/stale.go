package resources

import (
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file decides whether a process runs with something older than what is on
// disk. That is read from the node: files carry the time of their last change,
// and systemd knows when the process was started and when it was last reloaded.
// So a restart is not lost when the agent dies before it, and a change that
// somebody else made counts as well.

// An evidence is a file that a running unit has read, and what is to be done
// when it has changed since.
type evidence struct {
	path         string
	how          node.Stale // the unit would be
	mtime, ctime time.Time
	answer       answer
	gone         bool // it is not there any more
	// differs is a key that has another value in the process than in the file,
	// whatever the times say; "" when there is none.
	differs string
}

// An answer is what is done about a file that is newer than the run.
type answer int

const (
	ignore answer = iota
	report
	reload
	restart
)

// A verdict is the one action that a unit needs, if any.
type verdict struct {
	verb  node.Verb
	why   string
	notes []string
	stale []node.Stale // in which ways it runs with something older
}

// judgeRun weighs the evidence against a unit that runs. A unit that is
// restarted reads everything, so a restart goes before a reload.
func judgeRun(u node.Unit, now time.Time, all []evidence) verdict {
	var v verdict
	reasons := map[answer][]string{}
	told := map[string]bool{} // directories of files that are newer
	for _, e := range all {
		if told[e.path] {
			continue
		}
		since := u.Started
		if e.answer == reload {
			since = u.Loaded
		}
		switch e.against(since, now) {
		case yes:
			reasons[e.answer] = append(reasons[e.answer], e.reason(since, now))
			told[path.Dir(e.path)] = true
			if !slices.Contains(v.stale, e.how) {
				v.stale = append(v.stale, e.how)
			}
		case unknown:
			v.notes = append(v.notes, fmt.Sprintf("the time stamps of %s lie in the future (%s): whether the unit has read it cannot be told", e.path, clock(e.ctime, now)))
		}
	}
	v.notes = append(v.notes, reasons[report]...)
	switch {
	case len(reasons[restart]) > 0:
		v.verb, v.why = node.RestartUnit, summary(reasons[restart])
	case len(reasons[reload]) > 0:
		v.verb, v.why = node.ReloadUnit, summary(reasons[reload])
	}
	return v
}

func (e evidence) against(since, now time.Time) finding {
	if e.differs != "" || e.gone {
		return yes
	}
	return newer(e.mtime, e.ctime, since, now)
}

// reason tells what the unit runs with.
func (e evidence) reason(since, now time.Time) string {
	switch at := changed(e.mtime, e.ctime, now); {
	case e.differs != "":
		return fmt.Sprintf("it runs with another %s than stands in %s", e.differs, e.path)
	case e.gone:
		return fmt.Sprintf("it runs with %s, which is gone", e.path)
	case now.Sub(at) < justPlanned:
		return fmt.Sprintf("it runs with an older %s", e.path)
	default:
		return fmt.Sprintf("it runs with an older %s (changed %s, read %s)", e.path, clock(at, now), clock(since, now))
	}
}

// summary is the first of several reasons, and how many more there are.
func summary(reasons []string) string {
	if more := len(reasons) - 1; more > 0 {
		return fmt.Sprintf("%s, and %d more", reasons[0], more)
	}
	return reasons[0]
}

// clock is a time of day, with its date when that is not today.
func clock(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.DateTime)
}

// A finding is yes, no, or that it cannot be known.
type finding int

const (
	no finding = iota
	yes
	unknown
)

// justPlanned is how long ago a change that is merely planned is, at most: a future
// counts its changes in nanoseconds.
const justPlanned = time.Millisecond

// newer says whether a file has changed since a moment. A chmod is no change, so
// it is the mtime that counts; one that lies in the future counts as the ctime,
// and proves nothing when that lies in the future too. Nothing is newer than a
// moment that is not known.
//
// Than one that comes after the look, only what is planned is newer. systemd notes
// when it has started a process after the fork, and the process may be the one that
// looks.
func newer(mtime, ctime, since, now time.Time) finding {
	at := changed(mtime, ctime, now)
	switch {
	case since.IsZero():
		return no
	case at.After(now):
		return unknown
	case since.After(now):
		since = now.Add(-justPlanned)
	}
	if at.After(since) {
		return yes
	}
	return no
}

// changed is when a file was changed, as far as its times can be believed.
func changed(mtime, ctime, now time.Time) time.Time {
	if mtime.After(now) {
		return ctime
	}
	return mtime
}
