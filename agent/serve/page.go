package serve

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/makenotwork/mnw-agent/agent"
)

// This file makes the page of a status: what is wrong first, to be read on a phone
// at night. It has no script, and loads nothing.

//go:embed page.css
var style string

//go:embed page.html
var pageText string

// policy lets a browser use the page's own style sheet, and nothing else.
var policy = "default-src 'none'; style-src 'sha256-" + digest(style) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// A view is a status in the order in which it is read.
type view struct {
	*agent.Status
	Title            string
	Style            template.CSS
	Trouble, Fine    []agent.ResourceStatus
	Failing, Passing []agent.CheckStatus
	Stale            []agent.UnitStatus
}

// page shows what is known now.
func page(o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		status, err := o.Status()
		var out bytes.Buffer
		if err == nil {
			err = render(&out, status, time.Now())
		}
		if err != nil {
			text(w, http.StatusInternalServerError, err.Error())
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, visible(out.String()))
	})
}

func render(out *bytes.Buffer, s *agent.Status, now time.Time) error {
	t, err := template.New("page").Funcs(words(now)).Parse(pageText)
	if err != nil {
		return err
	}
	return t.Execute(out, look(s))
}

// severity is the order in which states of resources are told.
var severity = []agent.ResourceState{agent.StateFailed, agent.StateFighting, agent.StateDrifted,
	agent.StatePending, agent.StateOrphaned, agent.StateUnknown}

func look(s *agent.Status) view {
	v := view{Status: s, Title: title(s), Style: template.CSS(style)}
	for _, one := range s.Resources {
		if one.State == agent.StateConverged {
			v.Fine = append(v.Fine, one)
		} else {
			v.Trouble = append(v.Trouble, one)
		}
	}
	slices.SortStableFunc(v.Trouble, func(a, b agent.ResourceStatus) int {
		return slices.Index(severity, a.State) - slices.Index(severity, b.State)
	})
	for _, one := range s.Checks {
		if one.Success {
			v.Passing = append(v.Passing, one)
		} else {
			v.Failing = append(v.Failing, one)
		}
	}
	for _, one := range s.Units {
		if len(one.Stale) > 0 {
			v.Stale = append(v.Stale, one)
		}
	}
	return v
}

// title is how many resources are in which state.
func title(s *agent.Status) string {
	var parts []string
	for _, state := range append(slices.Clone(severity), agent.StateConverged) {
		if n := s.Count(state); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	if len(parts) == 0 {
		return "mnw-agent"
	}
	return "mnw-agent: " + strings.Join(parts, ", ")
}

// words are what the template cannot say by itself.
func words(now time.Time) template.FuncMap {
	return template.FuncMap{
		"stamp": func(t time.Time) string { return t.Format(time.RFC3339) },
		"local": func(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05 MST") },
		"ago":   func(t time.Time) string { return ago(now.Sub(t)) },
		"took": func(seconds float64) string {
			return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond).String()
		},
		"last":  func(times []time.Time) time.Time { return times[len(times)-1] },
		"short": func(digest string) string { return digest[:min(12, len(digest))] },
		"plain": func(r agent.Result) string { return strings.ReplaceAll(string(r), "_", " ") },
		"tone":  tone,
	}
}

// ago is a time that has passed, in the unit that it is thought of in.
func ago(d time.Duration) string {
	switch {
	case d < 0:
		return "in the future"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}

// tone is the class of a state or result.
func tone(state any) string {
	switch state {
	case agent.StateConverged, agent.Converged, agent.Changed:
		return "good"
	case agent.StateFailed, agent.StateFighting, agent.Failed, agent.RolledBack, agent.RollbackFailed, agent.Held:
		return "bad"
	}
	return "odd"
}

// visible makes control characters harmless to a terminal, for those who ask with
// curl(1).
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return '\uFFFD'
		}
		return r
	}, text)
}
