package resources

import (
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/resources/node"
)

func TestUnitCheck(t *testing.T) {
	yes, empty, some := true, "", "[Service]\nExecStart=/bin/true\n"
	tests := []struct {
		unit  Unit
		error string // "" for none
	}{
		{Unit{Name: "web.service", Text: Text{Content: &some}, Enabled: &yes, Active: &yes}, ""},
		{Unit{Name: "getty@.service", Enabled: &yes}, ""},
		{Unit{Name: "getty@tty1.service", Active: &yes}, ""},
		{Unit{Name: `mnt-a\x2db.mount`, Active: &yes}, ""},
		{Unit{Name: "web"}, "is not the name of a unit"},
		{Unit{Name: "web.conf"}, "is not the name of a unit"},
		{Unit{Name: "a/web.service"}, "is not the name of a unit"},
		{Unit{Name: "web.service", Text: Text{Content: &empty}}, "declare masked: true"},
		{Unit{Name: "web.service", Text: Text{Content: &some, Source: "a"}}, "content and source exclude each other"},
		{Unit{Name: "web.service", DropIns: map[string]*DropIn{"a": {Text: Text{Content: &some}}, "a.conf": {Text: Text{Content: &some}}}}, "the same file as a"},
		{Unit{Name: "web.service", DropIns: map[string]*DropIn{"../a": {Text: Text{Content: &some}}}}, "is not a name for a drop-in"},
		{Unit{Name: "web.service", DropIns: map[string]*DropIn{"a": {}}}, "has no content"},
		{Unit{Name: "web.service", Masked: &yes, Active: &yes}, "cannot be enabled or active"},
		{Unit{Name: "web.service", Masked: &yes, Text: Text{Content: &some}}, "leave out content"},
		{Unit{Name: "web.service", State: Gone, Active: &yes}, ""},
		{Unit{Name: "getty@.service", Active: &yes}, "such as getty@one.service"},
	}
	for _, test := range tests {
		err := test.unit.Check()
		if test.error == "" && err != nil || test.error != "" && (err == nil || !strings.Contains(err.Error(), test.error)) {
			t.Errorf("Check of %s = %v, want %q", test.unit.Name, err, test.error)
		}
	}
}

func TestNewRuns(t *testing.T) {
	caddy := &Unit{Name: "caddy.service"}
	loads := func(node.View) []string { return nil }
	runs := NewRuns([]RunNeed{
		{Unit: "web.service", Declared: &Unit{Name: "web.service"}},
		{Unit: "caddy.service", Loads: loads},
		{Unit: "caddy.service", Declared: caddy},
		{Unit: "caddy.service", Loads: loads},
	})
	if len(runs) != 2 || runs[0].Unit != "caddy.service" || runs[1].Unit != "web.service" {
		t.Fatalf("runs of %v", runs)
	}
	if runs[0].declared != caddy || len(runs[0].loads) != 2 {
		t.Errorf("caddy.service: declared %v, %d loads; want its declaration and 2 loads", runs[0].declared, len(runs[0].loads))
	}
}

// A process needs what the content of its unit names.
func TestRunNeeds(t *testing.T) {
	unit := &Unit{
		Name:    "web.service",
		Text:    Text{bytes: node.NewContent([]byte("[Service]\nEnvironmentFile=-/etc/web.env\nUser=web\n[Install]\nUser=nobody\n"))},
		DropIns: map[string]*DropIn{"dir": {Text: Text{bytes: node.NewContent([]byte("[Service]\nWorkingDirectory=/srv/web\n"))}}},
		Reads:   []Path{"/etc/web.toml"},
	}
	got := NewRuns(unit.Runs())[0].Needs()
	want := []node.Subject{
		{Kind: node.OfPath, Name: "/etc/web.toml"},
		{Kind: node.OfPath, Name: "/etc/web.env"},
		{Kind: node.OfUser, Name: "web"},
		{Kind: node.OfPath, Name: "/srv/web"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("Needs = %v, want %v", got, want)
	}
}
