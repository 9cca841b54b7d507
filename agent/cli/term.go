package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"

	"github.com/makenotwork/mnw-agent/manifests"
)

// This file alone writes for people: what others have put into words, harmless to a
// terminal, and in colour or not.

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

// A line is pieces of text, each in its colour.
type line []piece

type piece struct {
	ink  ink
	text string
}

// in is a line in one colour; "" is none.
func in(i ink, text string) line { return line{{i, text}} }

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

// printLines prints what was put into words.
func (a *app) printLines(lines []line) {
	p := a.printer(a.stdout)
	for _, l := range lines {
		text := ""
		for _, piece := range l {
			text += p.paint(piece.ink, piece.text)
		}
		p.say("%s\n", text)
	}
}

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

// printProgress tells on standard error how far a run is.
func (a *app) printProgress(id string, done, total int) {
	if a.flags.logFormat == "json" {
		a.log().Info("change made", "resource", id, "done", done, "total", total)
		return
	}
	a.printer(a.stderr).say("%d of %d: %s\n", done, total, id)
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
