package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/makenotwork/mnw-agent/agent/journal"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// A log is where a run tells the journal what it does. Until it is begun, all
// that it is told is forgotten: a proof, say, writes no journal.
type log struct {
	journal *journal.Journal
	writer  *journal.Writer
	numbers map[node.Change]int
	lenient bool  // what is done goes on without a journal that cannot be written
	lost    error // why the journal does not have all of it
}

func (o Options) journal() *journal.Journal { return journal.In(filepath.Join(o.StateDir, "journal")) }

// begin opens the run's file in the journal, or that of the run which this one
// goes on with.
func (r *run) begin() (err error) {
	if r.resumed != nil {
		return r.log.open(r.log.journal.Resume(r.resumed, bootID()))
	}
	units, err := json.Marshal(r.policies())
	if err != nil {
		return err
	}
	return r.log.open(r.log.journal.Begin(journal.Header{
		Mode: journal.Apply, Manifest: whole(r.manifest.Path), Digest: r.manifest.Digest, Atomic: r.atomic(),
		Started: r.report.Started.UTC(), Boot: bootID(), Checks: r.passing(), Units: units,
	}))
}

// policies is what is to be done about units on the way back.
func (r *run) policies() []resources.RunPolicy {
	list := []resources.RunPolicy{}
	for _, s := range r.steps {
		if run, ok := s.resource.(*resources.Run); ok && !s.audit {
			list = append(list, run.Policy(r.future))
		}
	}
	return list
}

func (l *log) open(w *journal.Writer, err error) error {
	l.writer, l.numbers = w, map[node.Change]int{}
	return l.forgive(err)
}

// forgive takes an error of the journal as no reason to stop, if that is wanted.
// From then on nothing more is told.
func (l *log) forgive(err error) error {
	if err == nil || !l.lenient {
		return err
	}
	l.lost = err
	return nil
}

// heard says whether anybody keeps what is told.
func (l *log) heard() bool { return l.writer != nil && l.lost == nil }

// number is that of the run in the journal, 0 for one that is not in it.
func (l *log) number() int {
	if l.writer == nil {
		return 0
	}
	return l.writer.Number
}

// plan puts changes into the journal before they are made, in that order.
func (l *log) plan(stints []stint) error {
	if !l.heard() {
		return nil
	}
	var entries []journal.Entry
	var changes []node.Change
	for _, s := range stints {
		for _, c := range s.changes {
			entries = append(entries, journal.Entry{Resource: s.id.String(), Restores: s.cause == Drift || s.restores(c), Back: s.orphan})
			changes = append(changes, c)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	if err := l.findShared(entries, changes); err != nil {
		return l.forgive(err)
	}
	numbers, err := l.writer.Plan(entries, changes)
	for i, n := range numbers {
		l.numbers[changes[i]] = n
	}
	return l.forgive(err)
}

func (l *log) begun(c node.Change) error  { return l.tell((*journal.Writer).Begun, c) }
func (l *log) done(c node.Change) error   { return l.tell((*journal.Writer).Done, c) }
func (l *log) unmade(c node.Change) error { return l.tell((*journal.Writer).Unmade, c) }

func (l *log) tell(what func(*journal.Writer, int) error, c node.Change) error {
	if !l.heard() {
		return nil
	}
	n, planned := l.numbers[c]
	if !planned {
		return fmt.Errorf("journal: a change that was not planned: %s", c.Line())
	}
	return l.forgive(what(l.writer, n))
}

// end ends the run's file. Until then the run is one that was cut short.
func (l *log) end(result string) error {
	if l.writer == nil {
		return nil
	}
	return l.forgive(errors.Join(l.writer.End(result), l.writer.Close()))
}

// bootID names this boot of the node, random(4); "" where that is not known.
func bootID() string {
	text, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(text))
}

// close keeps what is known now, ends the run's file, keeps the report, and makes the
// changes that end this very process. What is not remembered yet is not at its end:
// else nobody would know what a run has made that is killed in between.
func (r *run) close(ctx context.Context, errs ...error) error {
	r.report.Run = r.log.number()
	goesOn := r.report.Run != 0 && r.report.Stopped && r.report.Rollback == nil
	if goesOn {
		r.report.note("the next run of this manifest goes on with run %d", r.report.Run)
	}
	if r.report.Run != 0 {
		errs = append(errs, r.machine.Flush())
	}
	r.keepDigests()
	errs = append(errs, r.remember())
	switch {
	case goesOn:
		errs = append(errs, r.log.writer.Close())
	case r.report.Run != 0:
		errs = append(errs, r.log.end(string(r.report.Result)))
	}
	if r.report.Run != 0 {
		errs = append(errs, r.log.journal.Prune(r.options.Keep, r.options.needed))
	}
	return errors.Join(append(errs, r.options.keep(r.report), r.endSelf(ctx))...)
}

// whole is the path of a manifest as it is known from one run to the next, wherever
// they are started.
func whole(manifest string) string {
	if at, err := filepath.Abs(manifest); err == nil {
		return at
	}
	return manifest
}
