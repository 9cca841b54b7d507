package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"gopkg.in/yaml.v3"
)

// grafanaDir is what is copied beside a Grafana; that it loads there cannot be
// tried here, so these tests hold all that would keep it from it, or from being
// of use: node_grafana_test.go asks its queries of a real Prometheus.
const grafanaDir = "../examples/monitoring/grafana/"

// dataSource is the uid of the data source that is provisioned.
const dataSource = "mnw-prometheus"

// A board is what these tests look at of a dashboard.
type board struct {
	UID, Title, Description string
	SchemaVersion           int
	Templating              struct{ List []variable }
	Annotations             struct{ List []target }
	Panels                  []panel
}

type variable struct {
	Name, Type  string
	Description string
	Definition  string
	Datasource  source
}

type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	Datasource               source
	FieldConfig              struct{ Defaults struct{ Unit string } }
	Targets                  []target
}

type target struct {
	Name           string // of an annotation
	RefID          string
	Expr           string
	Instant, Range bool
	Datasource     source
}

type source struct{ Type, UID string }

// ofVariable is the data source that the dashboard's first variable names.
var ofVariable = source{"prometheus", "${datasource}"}

func boards(t *testing.T) map[string]board {
	t.Helper()
	all := map[string]board{}
	for name, text := range grafanaFiles(t, "dashboards/*.json") {
		var b board
		if err := json.Unmarshal(text, &b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = b
	}
	return all
}

func grafanaFiles(t *testing.T, pattern string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(grafanaDir + pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: no files: %v", pattern, err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		if files[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// strictly decodes a file in which a key that is not known is a mistake.
func strictly(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		t.Fatalf("%s: more than one document: Grafana reads the first", name)
	}
}

// core are the panels that every Grafana from 10 on has, none of them deprecated.
var core = []string{"stat", "table", "timeseries", "state-timeline", "bargauge", "alertlist", "row"}

func TestGrafanaBoards(t *testing.T) {
	t.Parallel()
	uids := map[string]string{}
	for name, b := range boards(t) {
		if uids[b.UID] != "" || b.UID+".json" != name {
			t.Errorf("%s: uid %q is to be the file's name, and its own", name, b.UID)
		}
		uids[b.UID] = name
		if b.SchemaVersion != 39 || b.Title == "" || b.Description == "" {
			t.Errorf("%s: schema %d, title %q, description %q: want schema 39, which Grafana 10 and later read, and texts", name, b.SchemaVersion, b.Title, b.Description)
		}
		ids, titles := map[int]bool{}, map[string]bool{}
		for _, p := range b.Panels {
			if p.ID == 0 || ids[p.ID] || titles[p.Title] {
				t.Errorf("%s: panel %d %q: its id and title are to be its own", name, p.ID, p.Title)
			}
			ids[p.ID], titles[p.Title] = true, true
			p.check(t, name)
		}
		overlaps(t, name, b.Panels)
	}
}

func (p panel) check(t *testing.T, board string) {
	t.Helper()
	if !slices.Contains(core, p.Type) {
		t.Errorf("%s: panel %q is a %s, which not every Grafana has", board, p.Title, p.Type)
	}
	if p.Type == "row" {
		return
	}
	if p.Description == "" || p.Title == "" {
		t.Errorf("%s: panel %q has no description", board, p.Title)
	}
	if p.Type == "alertlist" {
		return // asks Grafana, not Prometheus
	}
	if p.FieldConfig.Defaults.Unit == "" || p.Datasource != ofVariable || len(p.Targets) == 0 {
		t.Errorf("%s: panel %q: unit %q, data source %v, %d queries", board, p.Title, p.FieldConfig.Defaults.Unit, p.Datasource, len(p.Targets))
	}
	refs := map[string]bool{}
	for _, q := range p.Targets {
		if q.RefID == "" || refs[q.RefID] || q.Datasource != ofVariable || q.Instant == q.Range {
			t.Errorf("%s: panel %q: query %q: refId, data source, or neither or both of instant and range: %+v", board, p.Title, q.Expr, q)
		}
		refs[q.RefID] = true
	}
}

// overlaps holds that panels lie beside each other on Grafana's 24 columns.
func overlaps(t *testing.T, name string, panels []panel) {
	t.Helper()
	taken := map[[2]int]string{}
	for _, p := range panels {
		at := p.GridPos
		if at.X < 0 || at.Y < 0 || at.W < 1 || at.H < 1 || at.X+at.W > 24 {
			t.Errorf("%s: panel %q lies outside of the grid: %+v", name, p.Title, at)
		}
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("%s: panel %q lies over %q", name, p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

var (
	dollar = regexp.MustCompile(`\$\{?(\w+)`)
	// filled is what Grafana itself puts in place of a name, and $1 of a mapping.
	filled = []string{"__rate_interval", "__range", "__value", "__field", "__url_time_range", "__all", "1"}
)

// TestGrafanaVariables holds that a dashboard uses no variable that it has not,
// and has none that it does not use.
func TestGrafanaVariables(t *testing.T) {
	t.Parallel()
	files := grafanaFiles(t, "dashboards/*.json")
	for name, b := range boards(t) {
		used := map[string]bool{}
		for _, match := range dollar.FindAllSubmatch(files[name], -1) {
			used[string(match[1])] = true
		}
		for _, v := range b.Templating.List {
			if !used[v.Name] || v.Description == "" || v.Type == "query" && v.Datasource != ofVariable {
				t.Errorf("%s: variable %s: unused, without description, or of another data source: %+v", name, v.Name, v)
			}
			delete(used, v.Name)
		}
		for _, v := range filled {
			delete(used, v)
		}
		if len(used) > 0 {
			t.Errorf("%s: variables that nobody sets: %v", name, used)
		}
	}
}
