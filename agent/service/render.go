package service

import (
	"embed"
	"strings"
	"text/template"
	"time"

	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/unitfile"
)

// This file makes unit files of the templates in units/. What stands in a template
// twice is in units/common. Every directive has its reason above it, there and in the
// unit file that a node gets.

//go:embed units
var unitFiles embed.FS

// backLimit is how long a way back may take that begins when a run's time is over.
const backLimit = 5 * time.Minute

// values is what the templates take in.
type values struct {
	Name        string
	CommandLine string
	StartLimit  string
	Every       string
	OnCalendar  string // empty: counted from the last run
	Jitter      string
	Accuracy    string
}

func (s Service) values() values {
	v := values{
		Name: s.Name, CommandLine: unitfile.CommandLine(s.Argv...), StartLimit: "infinity",
		Every: Span(s.Every), OnCalendar: calendar(s.Every), Accuracy: Span(min(time.Second, s.Every/10)),
	}
	if s.Timeout > 0 {
		v.StartLimit = Span(s.Timeout + backLimit)
	}
	if s.Jitter > 0 {
		v.Jitter = Span(s.Jitter)
	}
	return v
}

// render is the text of a unit file.
func (s Service) render(name string) (resources.Text, error) {
	templates, err := template.ParseFS(unitFiles, "units/*")
	if err != nil {
		return resources.Text{}, err
	}
	var out strings.Builder
	err = templates.ExecuteTemplate(&out, name, s.values())
	text := out.String()
	return resources.Text{Content: &text}, err
}
