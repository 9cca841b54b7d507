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
	agent.OutcomeOK:      {" ", faint},
	agent.OutcomeDiffers: {"~", yellow},
	agent.OutcomeChanged: {"~", green},
	agent.OutcomeAudited: {"?", yellow},
	agent.OutcomeFailed:  {"!", red},
	agent.OutcomeRefused: {"x", red},
	agent.OutcomeSkipped: {"-", red},
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

func (p *printer) paint(i ink, text string) string {
	if !p.colour || text == "" {
		return text
	}
	return "\x1b[" + string(i) + "m" + text + "\x1b[0m"
}

func (a *app) print(text string) { fmt.Fprint(a.stdout, text) }

func (a *app) printJSON(document any) {
	encoder := json.NewEncoder(a.stdout)
	encoder.SetIndent("", "  ")
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

// printValidities tells what validate found.
func (a *app) printValidities(list []validity) {
	for _, v := range list {
		for _, e := range v.Errors {
			a.printError(e)
		}
		if len(v.Errors) == 0 {
			a.printer(a.stdout).say("%s is right: %s\n", v.Manifest, count(v.Resources, "resource"))
		}
	}
}

// printReport tells a report: what is not as declared, then a summary.
func (a *app) printReport(r *agent.Report, l look) {
	p := a.printer(a.stdout)
	for i := range r.Resources {
		if one := &r.Resources[i]; l.all || one.Outcome != agent.OutcomeOK || len(one.Notes) > 0 {
			p.resource(one, l)
		}
	}
	for _, note := range r.Notes {
		p.say("%s\n", p.paint(yellow, "note: "+note))
	}
	p.summary(r)
}

func (p *printer) resource(r *agent.ResourceReport, l look) {
	mark := signs[r.Outcome]
	p.say("%s %s\n", p.paint(mark.ink, mark.sign), p.paint(bold, r.ID))
	if r.Error != "" {
		text := r.Error
		if r.Outcome != agent.OutcomeSkipped {
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

// visible makes control characters harmless to a terminal, and seen.
func visible(line string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' {
			return '␀' + r
		}
		if r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '�'
		}
		return r
	}, line)
}

func indent(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = "    " + visible(line)
	}
	return strings.Join(lines, "\n")
}

// summary says in a line or two how the run ended and what state the node is in.
func (p *printer) summary(r *agent.Report) {
	total := len(r.Resources)
	ok := r.Count(agent.OutcomeOK)
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(r.Count(agent.OutcomeRefused), "refused")
	add(r.Count(agent.OutcomeFailed), "failed")
	add(r.Count(agent.OutcomeSkipped), "skipped")
	add(r.Count(agent.OutcomeChanged), "changed")
	add(r.Count(agent.OutcomeDiffers), "to change")
	add(r.Count(agent.OutcomeAudited), "different, only audited")
	took := round(time.Duration(r.Seconds * float64(time.Second)))
	if len(parts) == 0 {
		p.say("%s, all as declared. %s\n", count(total, "resource"), took)
		return
	}
	add(ok, "as declared")
	p.say("%s: %s. %s\n", count(total, "resource"), strings.Join(parts, ", "), took)
	if end := ending(r); end != "" {
		p.say("%s\n", p.paint(endInk(r), end))
	}
}

// ending is what a person wants to know of a run that did not end well.
func ending(r *agent.Report) string {
	changed := r.Count(agent.OutcomeChanged)
	switch {
	case r.Result != agent.Failed && r.Mode == agent.ModePlan:
		return agreement(r)
	case r.Result != agent.Failed:
		return ""
	case r.Stopped:
		return "The run was stopped before its end: apply again."
	case r.Mode == agent.ModePlan:
		return "Apply would not go through: mend what is marked above."
	case r.Refused && changed == 0:
		return "Nothing was changed: mend what is refused above, and apply again."
	case r.Refused:
		return fmt.Sprintf("The run stopped half-way, after %s: mend what is refused above, and apply again.", count(changed, "resource"))
	}
	return "Everything that does not depend on what failed is as declared: mend that, and apply again."
}

// agreement names the judges that agree with a plan.
func agreement(r *agent.Report) string {
	var names []string
	for _, j := range r.Judges {
		if j.Verdict == "agrees" && !strings.Contains(strings.Join(names, " "), j.Argv[0]) {
			names = append(names, j.Argv[0])
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "The judges agree: " + strings.Join(names, ", ") + "."
}

func endInk(r *agent.Report) ink {
	if r.Result == agent.Failed {
		return red
	}
	return green
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func round(d time.Duration) time.Duration {
	if d > time.Second {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(100 * time.Microsecond)
}

// patience is how long a run is silent before it tells how far it is.
const patience = time.Second

// A teller tells on standard error how far a long run is: a line for each
// resource that is changed.
type teller struct {
	a           *app
	began       time.Time
	phase       string
	done, total int
}

func (a *app) progress() agent.Progress { return &teller{a: a, began: time.Now()} }

// Phase is part of agent.Progress.
func (t *teller) Phase(name string, total int) { t.phase, t.done, t.total = name, 0, total }

// Step is part of agent.Progress.
func (t *teller) Step(id string) {
	t.done++
	if t.phase != "apply" || time.Since(t.began) < patience {
		return
	}
	if t.a.flags.logFormat == "json" {
		t.a.log().Info("change made", "resource", id, "done", t.done, "total", t.total)
		return
	}
	t.a.printer(t.a.stderr).say("%d of %d: %s\n", t.done, t.total, id)
}
