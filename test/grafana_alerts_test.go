package test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// What follows is the form of Grafana's provisioning files, as far as ours go;
// they are decoded strictly.
type alertRules struct {
	APIVersion int `yaml:"apiVersion"`
	Groups     []struct {
		OrgID    int `yaml:"orgId"`
		Name     string
		Folder   string
		Interval string
		Rules    []alertRule
	}
}

type alertRule struct {
	UID, Title   string
	Condition    string
	Data         []alertQuery
	NoDataState  string `yaml:"noDataState"`
	ExecErrState string `yaml:"execErrState"`
	DashboardUID string `yaml:"dashboardUid"`
	PanelID      int    `yaml:"panelId"`
	For          string
	Annotations  map[string]string
	Labels       map[string]string
	IsPaused     bool `yaml:"isPaused"`
}

type alertQuery struct {
	RefID             string                 `yaml:"refId"`
	RelativeTimeRange struct{ From, To int } `yaml:"relativeTimeRange"`
	DatasourceUID     string                 `yaml:"datasourceUid"`
	Model             struct {
		RefID          string `yaml:"refId"`
		Type           string
		Expr           string
		Expression     string
		EditorMode     string `yaml:"editorMode"`
		Instant, Range bool
		Datasource     struct{ Type, UID string }
		Conditions     []struct {
			Evaluator struct {
				Type   string
				Params []float64
			}
		}
	}
}

type contactPoints struct {
	APIVersion    int `yaml:"apiVersion"`
	ContactPoints []struct {
		OrgID     int `yaml:"orgId"`
		Name      string
		Receivers []struct {
			UID, Type             string
			DisableResolveMessage bool `yaml:"disableResolveMessage"`
			Settings              map[string]any
		}
	} `yaml:"contactPoints"`
}

type policies struct {
	APIVersion int `yaml:"apiVersion"`
	Policies   []struct {
		OrgID  int `yaml:"orgId"`
		Policy `yaml:",inline"`
		Routes []Policy
	}
}

// A Policy is one branch of the tree of who is told what.
type Policy struct {
	Receiver       string
	GroupBy        []string    `yaml:"group_by"`
	ObjectMatchers [][3]string `yaml:"object_matchers"`
	GroupWait      string      `yaml:"group_wait"`
	GroupInterval  string      `yaml:"group_interval"`
	RepeatInterval string      `yaml:"repeat_interval"`
}

func grafanaRules(t *testing.T) (all []alertRule) {
	t.Helper()
	var file alertRules
	strictly(t, grafanaDir+"provisioning/alerting/rules.yaml", &file)
	for _, g := range file.Groups {
		if file.APIVersion != 1 || g.OrgID != 1 || g.Folder != "mnw-agent" || g.Interval == "" {
			t.Errorf("group %s: %+v", g.Name, g)
		}
		all = append(all, g.Rules...)
	}
	if len(all) == 0 {
		t.Fatal("no rules")
	}
	return all
}

// TestGrafanaRules holds that each rule can fire, says what to do, and leads to a
// panel that is there.
func TestGrafanaRules(t *testing.T) {
	t.Parallel()
	panels := map[string]map[int]bool{}
	for _, b := range boards(t) {
		panels[b.UID] = map[int]bool{}
		for _, p := range b.Panels {
			panels[b.UID][p.ID] = p.Type != "row"
		}
	}
	uids := map[string]bool{}
	for _, r := range grafanaRules(t) {
		if r.UID == "" || len(r.UID) > 40 || uids[r.UID] {
			t.Errorf("%s: uid %q is to be its own, of 40 characters at most", r.Title, r.UID)
		}
		uids[r.UID] = true
		if !panels[r.DashboardUID][r.PanelID] {
			t.Errorf("%s: no panel %d in dashboard %s", r.Title, r.PanelID, r.DashboardUID)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || len(r.Annotations) != 2 {
			t.Errorf("%s: want a summary and a description: %v", r.Title, r.Annotations)
		}
		if r.Labels["service"] != "mnw-agent" || !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
			t.Errorf("%s: labels %v reach no policy", r.Title, r.Labels)
		}
		// A rule without data says nothing: silence is the absent rule's. When
		// Prometheus does not answer, one rule says so, and what fires goes on firing.
		if r.NoDataState != "OK" || (r.ExecErrState == "Error") != (r.Title == "MnwAgentAbsentEverywhere") || !slices.Contains([]string{"Error", "KeepLast"}, r.ExecErrState) || r.IsPaused {
			t.Errorf("%s: without data %s, after an error %s, paused %v", r.Title, r.NoDataState, r.ExecErrState, r.IsPaused)
		}
		r.checkData(t)
	}
}

// checkData holds that a rule is a query of Prometheus, and a threshold on it.
func (r alertRule) checkData(t *testing.T) {
	t.Helper()
	if len(r.Data) != 2 {
		t.Fatalf("%s: want a query and a threshold: %+v", r.Title, r.Data)
	}
	query, limit := r.Data[0], r.Data[1]
	m := query.Model
	if query.RefID != "A" || m.RefID != "A" || query.DatasourceUID != dataSource || m.Datasource.UID != dataSource || m.Datasource.Type != "prometheus" ||
		!m.Instant || m.Range || m.Expr == "" || query.RelativeTimeRange.From <= query.RelativeTimeRange.To {
		t.Errorf("%s: query %+v", r.Title, query)
	}
	m = limit.Model
	if r.Condition != "B" || limit.RefID != "B" || m.RefID != "B" || limit.DatasourceUID != "__expr__" || m.Datasource.UID != "__expr__" || m.Type != "threshold" || m.Expression != "A" ||
		len(m.Conditions) != 1 || len(m.Conditions[0].Evaluator.Params) != 1 || operators[m.Conditions[0].Evaluator.Type] == "" {
		t.Errorf("%s: threshold %+v", r.Title, limit)
	}
}

var operators = map[string]string{"gt": ">", "lt": "<"}

// TestGrafanaTells holds that what fires reaches a contact point.
func TestGrafanaTells(t *testing.T) {
	t.Parallel()
	var points contactPoints
	strictly(t, grafanaDir+"provisioning/alerting/contact-points.yaml", &points)
	known, uids := map[string]bool{}, map[string]bool{}
	for _, p := range points.ContactPoints {
		known[p.Name] = len(p.Receivers) > 0
		for _, r := range p.Receivers {
			address, ok := r.Settings[map[string]string{"webhook": "url", "email": "addresses"}[r.Type]].(string)
			if uids[r.UID] || r.UID == "" || !ok || address == "" || strings.Contains(address, "$") {
				t.Errorf("contact point %s: %+v", p.Name, r)
			}
			uids[r.UID] = true
		}
	}
	var tree policies
	strictly(t, grafanaDir+"provisioning/alerting/policies.yaml", &tree)
	if len(tree.Policies) != 1 || len(tree.Policies[0].Routes) == 0 || len(tree.Policies[0].GroupBy) == 0 {
		t.Fatalf("want one tree: %+v", tree)
	}
	for _, p := range append(tree.Policies[0].Routes, tree.Policies[0].Policy) {
		if !known[p.Receiver] {
			t.Errorf("no contact point %q", p.Receiver)
		}
	}
}

// TestGrafanaSources holds that the other two files say what the rest builds on.
func TestGrafanaSources(t *testing.T) {
	t.Parallel()
	var sources struct {
		Datasources []struct{ Name, UID, Type, URL string }
	}
	var providers struct {
		Providers []struct {
			Folder  string
			Options struct{ Path string }
		}
	}
	for name, into := range map[string]any{"datasources/prometheus.yaml": &sources, "dashboards/mnw-agent.yaml": &providers} {
		text, err := os.ReadFile(grafanaDir + "provisioning/" + name)
		if err == nil {
			err = yaml.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if s := sources.Datasources; len(s) != 1 || s[0].UID != dataSource || s[0].Type != "prometheus" || s[0].URL == "" {
		t.Errorf("data sources: %+v", s)
	}
	readme, err := os.ReadFile(grafanaDir + "README.md")
	if p := providers.Providers; err != nil || len(p) != 1 || p[0].Folder != "mnw-agent" || !strings.Contains(string(readme), p[0].Options.Path) {
		t.Errorf("dashboards: %+v, and the README is to name the path: %v", p, err)
	}
}

// environment is what Grafana may have in its environment for these files, all
// of which may be missing.
var environment = []string{"MNW_AGENT_WEBHOOK_TOKEN"}

// TestGrafanaDollars holds that Grafana, which expands $NAME, ${NAME} and
// $__file{…} in every value of a provisioning file, takes nothing out of ours. The
// annotations of rules it leaves alone today; they have no dollar all the same.
func TestGrafanaDollars(t *testing.T) {
	t.Parallel()
	comment := regexp.MustCompile(`(?m)(^|\s)#.*`)
	names, err := filepath.Glob(grafanaDir + "provisioning/*/*.yaml")
	if err != nil || len(names) < 5 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		os.Expand(strings.ReplaceAll(comment.ReplaceAllString(string(text), ""), "$$", ""), func(variable string) string {
			if !slices.Contains(environment, variable) {
				t.Errorf("%s: Grafana would put the environment's %q in place of it: write $$ for a dollar", name, variable)
			}
			return ""
		})
	}
}
