package resources

import "testing"

func TestGroupPlan(t *testing.T) {
	same, other := 44, 45
	for name, test := range map[string]struct {
		group Group
		want  string // "" for no change
	}{
		"as it is":   {Group{Name: "shared", GID: &same}, ""},
		"new":        {Group{Name: "deploy"}, "create group deploy"},
		"new system": {Group{Name: "deploy", GID: &other, System: true}, "create system group deploy (gid 45)"},
		"number":     {Group{Name: "shared", GID: &other}, "change group shared: gid 44 -> 45"},
		"goes":       {Group{Name: "shared", State: Gone}, "remove group shared"},
		"has gone":   {Group{Name: "deploy", State: Gone}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if test.want == "" {
				checkPlan(t, &test.group, draw(t))
			} else {
				checkPlan(t, &test.group, draw(t), test.want)
			}
		})
	}
}

func TestGroupImpossible(t *testing.T) {
	taken := 33
	v := draw(t)
	_, err := (&Group{Name: "deploy", GID: &taken}).Plan(t.Context(), v)
	if want := "gid: 33 belongs to group www-data"; message(err) != want {
		t.Errorf("error = %v, want %s", err, want)
	}
	goes := &Group{Name: "git", State: Gone}
	_, err = goes.Plan(t.Context(), v)
	if want := "it is the primary group of user git: give that user another group"; message(err) != want {
		t.Errorf("error = %v, want %s", err, want)
	}
	// Once the user has gone, with its group, there is nothing left to do.
	checkPlan(t, goes, planned(t, &User{Name: "git", State: Gone}, v))
}

// A user that is planned can be in a group that is planned.
func TestPlannedTogether(t *testing.T) {
	v := planned(t, &Group{Name: "deploy"}, draw(t))
	u := &User{Name: "web", Group: "deploy", Groups: []GroupName{"deploy", "shared"}}
	checkPlan(t, u, v, "create user web (group deploy, home /home/web, shell /bin/sh, in deploy and shared)")
	after := planned(t, u, v)
	web, _ := after.User("web")
	shared, _ := after.Group("shared")
	if web.UID != -1 || web.Group != "deploy" || shared.Members[len(shared.Members)-1] != "web" {
		t.Errorf("user %+v, group %+v", web, shared)
	}
	if at, _, ok := blocked(after, web, "/srv/x"); ok {
		t.Errorf("blocked at %s", at)
	}
	checkPlan(t, &Directory{Path: "/srv", Perm: Perm{Owner: "web", Group: "deploy"}}, after, "create directory /srv (0755 web:deploy)")
}

func TestGroupCheck(t *testing.T) {
	id := 65535
	for want, group := range map[string]Group{
		"": {Name: "a"},
		"65535 is not an id: want 0 to 4294967294, but not 65535": {Name: "a", GID: &id},
		"root cannot go": {Name: "root", State: Gone},
	} {
		if got := message(group.Check()); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
