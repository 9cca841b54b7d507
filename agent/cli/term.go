package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/manifests"
)

// This file alone writes for people.

// A look is how much of a report is shown.
type look struct {
	diffs   bool // what changes, as unified diffs
	all     bool // what is as declared, too
	applied bool // apply was to make the changes
	byHand  bool // no manifest of somebody's, so none is held
}

// ink is a colour or weight, as an SGR sequence.
type ink string

const (
	bold   ink = "1"
	red    ink = "31"
	green  ink = "32"
	yellow ink = "33"
	cyan   ink = "36"
	faint  ink = "2"
)

// signs stand before a resource, by its outcome.
var signs = map[agent.Outcome]struct {
	sign string
	ink  ink
}{
	agent.OutcomeOK:       {" ", faint},
	agent.OutcomeDiffers:  {"~", yellow},
	agent.OutcomeChanged:  {"~", green},
	agent.OutcomeAudited:  {"?", yellow},
	agent.OutcomeFighting: {"?", red},
	agent.OutcomeFailed:   {"!", red},
	agent.OutcomeRefused:  {"x", red},
	agent.OutcomeSkipped:  {"-", red},
	agent.OutcomeReverted: {"<", yellow},
	agent.OutcomeUnproven: {"?", yellow},
}

// A printer writes to one output, in colour or not.
type printer struct {
	w      io.Writer
	colour bool
}

func (a *app) printer(w io.Writer) *printer {
	colour := a.flags.color == "always"
	if a.flags.color == "auto" && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" {
		colour = isTerminal(w)
	}
	return &printer{w: w, colour: colour}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

func (p *printer) say(format string, args ...any) { fmt.Fprintf(p.w, format, args...) }

// paint makes a text harmless, and gives it a colour.
func (p *printer) paint(i ink, text string) string {
	text = visible(text)
	if !p.colour || text == "" || i == "" {
		return text
	}
	return "\x1b[" + string(i) + "m" + text + "\x1b[0m"
}

func (a *app) print(text string) { fmt.Fprint(a.stdout, text) }

func (a *app) printJSON(document any) {
	encoder := json.NewEncoder(a.stdout)
	if !a.jsonLines {
		encoder.SetIndent("", "  ")
	}
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		a.log().Error(err.Error())
		a.status = exitFailed
	}
}

// log is where diagnostics go when they are asked for as JSON.
func (a *app) log() *slog.Logger { return slog.New(slog.NewJSONHandler(a.stderr, nil)) }

// printError tells an error on standard error, one line for each thing wrong.
func (a *app) printError(err error) {
	lines := []string{"mnw-agent: " + err.Error()}
	if errs := manifests.Errors(err); len(errs) > 0 {
		lines = lines[:0]
		for _, e := range errs {
			lines = append(lines, e.Error())
		}
	}
	p := a.printer(a.stderr)
	for _, line := range lines {
		if a.flags.logFormat == "json" {
			a.log().Error(line)
		} else {
			p.say("%s\n", p.paint(red, line))
		}
	}
}

// printNews tells on standard error what has begun, and one thing about it.
func (a *app) printNews(what, key, value string) {
	if a.flags.logFormat == "json" {
		a.log().Info(what, key, value)
		return
	}
	a.printer(a.stderr).say("mnw-agent: %s %s\n", what, visible(value))
}

// printValidities tells what validate found.
func (a *app) printValidities(list []validity) {
	for _, v := range list {
		for _, e := range v.Errors {
			a.printError(e)
		}
		if len(v.Errors) == 0 {
			a.printer(a.stdout).say("%s is right: %s\n", visible(v.Manifest), count(v.Resources, "resource"))
		}
	}
}

// printReport tells a report: what is not as declared, then a summary.
func (a *app) printReport(r *agent.Report, l look) {
	p := a.printer(a.stdout)
	for i := range r.Resources {
		one := &r.Resources[i]
		fine := one.Outcome == agent.OutcomeOK && len(one.Notes) == 0
		if (l.all || !fine) && one.Outcome != agent.OutcomeUnseen {
			p.resource(one, l)
		}
	}
	for _, back := range []*agent.RollbackReport{r.Recovered, r.Rollback} {
		if back != nil && r.Mode != agent.ModeRollback {
			p.rollback(back, l)
		}
	}
	for _, id := range r.Orphans {
		p.say("%s %s\n", p.paint(yellow, "?"), p.paint(bold, id)+p.paint(yellow, " (orphaned)"))
	}
	for _, note := range r.Notes {
		p.say("%s\n", p.paint(yellow, strings.TrimLeft(indent("note: "+note), " ")))
	}
	p.summary(r, l)
}

// rollback tells how a run was taken back.
func (p *printer) rollback(r *agent.RollbackReport, l look) {
	p.say("%s\n", p.paint(yellow, fmt.Sprintf("Run %d is taken back: %s", r.Of, brief(r.Because))))
	for i := range r.Resources {
		p.resource(&r.Resources[i], l)
	}
	for _, text := range r.Errors {
		p.say("%s\n", p.paint(red, "! "+text))
	}
}

// byHand tells what a person has to do after a roll-back that failed.
func (p *printer) byHand(r *agent.RollbackReport) {
	if r == nil || len(r.ByHand) == 0 {
		return
	}
	p.say("%s\n", p.paint(red, "To be done by hand:"))
	for _, command := range r.ByHand {
		p.say("    %s\n", visible(command))
	}
}

// printStatus tells what is known of a node.
func (a *app) printStatus(s *agent.Status, brief bool) {
	p := a.printer(a.stdout)
	for _, l := range statusLines(s, brief, time.Now()) {
		p.say("%s\n", p.paint(l.ink, l.text))
	}
}

// printHistory lists runs.
func (a *app) printHistory(runs []agent.PastRun) {
	p := a.printer(a.stdout)
	if len(runs) == 0 {
		p.say("No run has changed anything here yet.\n")
	}
	for _, run := range runs {
		p.say("%s\n", visible(pastLine(run)))
	}
}

// printPastRun tells of one run what it has changed.
func (a *app) printPastRun(run agent.PastRun, changes []agent.PastChange) {
	p := a.printer(a.stdout)
	p.say("%s\n", visible(pastLine(run)))
	if _, more, ok := strings.Cut(run.Because, "\n"); ok {
		p.say("%s\n", indent(more))
	}
	for _, c := range changes {
		line := c.Line
		if c.Made != "yes" {
			line += " (made: " + c.Made + ")"
		}
		p.say("~ %s\n%s\n", p.paint(bold, c.Resource), indent(line))
		if c.Diff != "" {
			p.diff(c.Diff)
		}
	}
}

func (p *printer) resource(r *agent.ResourceReport, l look) {
	mark := signs[r.Outcome]
	p.say("%s %s%s\n", p.paint(mark.ink, mark.sign), p.paint(bold, r.ID), p.paint(yellow, causeOf(r)))
	if r.Error != "" {
		text := r.Error
		if r.Outcome != agent.OutcomeSkipped && r.Position != "" {
			text = r.Position + ": " + r.ID + ": " + text
		}
		p.say("%s\n", p.paint(red, indent(text)))
	}
	for i, c := range r.Changes {
		line := c.Line
		switch {
		case r.Outcome == agent.OutcomeFailed && i < r.Made:
			line += " (done)"
		case r.Outcome == agent.OutcomeDiffers && l.applied:
			line += " (not done)"
		}
		p.say("%s\n", indent(line))
		if l.diffs && c.Diff != "" {
			p.diff(c.Diff)
		}
	}
	for _, text := range r.Differs {
		if !strings.Contains(r.Error, text) {
			p.say("%s\n", indent(text))
		}
	}
	for _, note := range r.Notes {
		p.say("%s\n", p.paint(yellow, indent("note: "+note)))
	}
}

// diff shows a unified diff, a colour for each kind of line.
func (p *printer) diff(text string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		shown := visible(line)
		switch {
		case strings.HasPrefix(line, "+++ "), strings.HasPrefix(line, "--- "):
			shown = p.paint(bold, shown)
		case strings.HasPrefix(line, "@@"):
			shown = p.paint(cyan, shown)
		case strings.HasPrefix(line, "+"):
			shown = p.paint(green, shown)
		case strings.HasPrefix(line, "-"):
			shown = p.paint(red, shown)
		}
		p.say("    %s\n", shown)
	}
}

// summary says in a line or two how the run ended and what state the node is in.
func (p *printer) summary(r *agent.Report, l look) {
	for _, c := range r.Checks {
		if text := checkLine(c, r.Mode); text != "" {
			p.say("%s\n", visible(text))
		}
	}
	for _, w := range r.Windows {
		p.say("%s\n", visible(windowLine(w)))
	}
	p.say("%s\n", tally(r))
	if text := orphaned(r); text != "" {
		p.say("%s\n", p.paint(yellow, text))
	}
	p.byHand(r.Recovered)
	p.byHand(r.Rollback)
	end := ending(r)
	if l.byHand {
		end = strings.TrimSuffix(end, heldNow)
	}
	if end != "" {
		p.say("%s\n", p.paint(endInk(r), end))
	}
}

func endInk(r *agent.Report) ink {
	switch r.Result {
	case agent.Failed, agent.RolledBack, agent.RollbackFailed, agent.Held:
		return red
	}
	return green
}

// patience is how long a run is silent before it tells how far it is.
const patience = time.Second

// A teller tells on standard error how far a long run is: a line for each
// change that is made.
type teller struct {
	a           *app
	began       time.Time
	done, total int
}

func (a *app) progress() agent.Progress { return &teller{a: a, began: time.Now()} }

// Begin is part of agent.Progress.
func (t *teller) Begin(changes int) { t.done, t.total = 0, changes }

// Made is part of agent.Progress.
func (t *teller) Made(id string) {
	t.done++
	t.total = max(t.total, t.done) // there may turn out to be more to do
	if time.Since(t.began) < patience {
		return
	}
	if t.a.flags.logFormat == "json" {
		t.a.log().Info("change made", "resource", id, "done", t.done, "total", t.total)
		return
	}
	t.a.printer(t.a.stderr).say("%d of %d: %s\n", t.done, t.total, id)
}
