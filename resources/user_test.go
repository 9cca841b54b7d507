package resources

import (
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// checkPlan holds a plan to its lines, and the plan that follows it to none.
func checkPlan(t *testing.T, r Resource, v node.View, want ...string) {
	t.Helper()
	plan, err := r.Plan(t.Context(), v)
	must(t, err)
	var got []string
	for _, c := range plan.Changes {
		got = append(got, c.Line())
	}
	if !slices.Equal(got, want) {
		t.Errorf("plan:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if again, err := r.Plan(t.Context(), planned(t, r, v)); err != nil || len(again.Changes) > 0 {
		t.Errorf("planned again on its own future: %v, %v", again.Changes, err)
	}
}

func TestUserPlan(t *testing.T) {
	uid, comment := 2000, "Max"
	for name, test := range map[string]struct {
		user User
		want string // "" for no change
	}{
		"as it is":              {User{Name: "git", Home: "/opt/git", Shell: "/bin/sh", Groups: []GroupName{"www-data"}, Group: "git"}, ""},
		"new":                   {User{Name: "deploy"}, "create user deploy (home /home/deploy, shell /bin/dash, own group)"},
		"new, all of it":        {User{Name: "deploy", UID: &uid, Group: "git", Groups: []GroupName{"shared", "root", "shared"}, Home: "/srv", Shell: "/bin/bash", Comment: &comment}, "create user deploy (uid 2000, group git, home /srv, shell /bin/bash, comment Max, in root and shared)"},
		"new, group there":      {User{Name: "shared", System: true}, "create system user shared (group shared, home /home/shared, shell /bin/dash)"},
		"home":                  {User{Name: "git", Home: "/var/lib/mnw/git"}, "change user git: home /opt/git -> /var/lib/mnw/git"},
		"comment, uid":          {User{Name: "git", UID: &uid, Comment: &comment}, `change user git: uid 995 -> 2000, comment "" -> Max`},
		"one group more":        {User{Name: "git", Groups: []GroupName{"root"}}, "change user git: added to root"},
		"these groups only":     {User{Name: "git", Groups: []GroupName{"root", "shared"}, Exclusive: true}, "change user git: added to root, taken out of www-data"},
		"no groups":             {User{Name: "git", Exclusive: true}, "change user git: taken out of shared and www-data"},
		"goes":                  {User{Name: "makenotwork", State: Gone}, "remove user makenotwork and its own group"},
		"goes, its group stays": {User{Name: "friend", State: Gone}, "remove user friend"},
		"has gone":              {User{Name: "deploy", State: Gone}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := draw(t, "f /etc/default/useradd 0644 root:root # defaults\n#SHELL=/bin/no\nSHELL=/bin/dash\n")
			if name == "goes, its group stays" {
				v.Lay(&node.UserChange{Name: "git", From: node.UserRecord{Present: true}, To: node.UserRecord{Present: true, Groups: []string{"friend"}}})
			}
			if test.want == "" {
				checkPlan(t, &test.user, v)
			} else {
				checkPlan(t, &test.user, v, test.want)
			}
		})
	}
}

// What a user that goes loses is in the change, or there would be no way back.
func TestUserRemoveHoldsAll(t *testing.T) {
	v := draw(t, shadow("git:$6$x:19000::::::"), "d /opt/git 0755 git:git")
	v.Lay(&node.CrontabChange{User: "git", To: node.NewContent([]byte("0 3 * * * true\n"))})
	plan, err := (&User{Name: "git", State: Gone}).Plan(t.Context(), v)
	must(t, err)
	from := plan.Changes[0].(*node.UserChange).From
	if from.OwnGroup == nil || from.OwnGroup.GID != "986" || string(from.Shadow.Bytes()) != "git:$6$x:19000::::::" {
		t.Errorf("own group %+v, shadow %q", from.OwnGroup, from.Shadow.Bytes())
	}
	if want := "uid 995, home /opt/git, shell /bin/sh, comment \"\", in shared and www-data, own group"; from.String() != want {
		t.Errorf("record: %s, want %s", from, want)
	}
	notes := []string{"its home /opt/git is kept", "its crontab is kept, and no longer run: declare it absent under crontabs"}
	if !slices.Equal(plan.Notes, notes) {
		t.Errorf("notes: %q", plan.Notes)
	}
}

func TestUserImpossible(t *testing.T) {
	uid := 995
	v := draw(t)
	_, err := (&User{Name: "deploy", UID: &uid, Group: "none", Groups: []GroupName{"git", "nor-this"}}).Plan(t.Context(), v)
	want := "uid: 995 belongs to user git\nno group \"nor-this\": declare it under groups\nno group \"none\": declare it under groups"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestUserHome(t *testing.T) {
	v := draw(t, "d /var/lib/mnw 0750 makenotwork:makenotwork", "f /srv/git 0644 root:root")
	git := &User{Name: "git", Home: "/var/lib/mnw/git"}
	want := "home: git cannot get into /var/lib/mnw (directory 0750 makenotwork:makenotwork): give that mode 0751"
	if err := git.Examine(t.Context(), planned(t, git, v)); err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
	git.Home = "/srv/git/x"
	want = "home: /srv/git is a file, not a directory"
	if err := git.Examine(t.Context(), planned(t, git, v)); err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
	git.Home = "/opt/git"
	plan, err := git.Plan(t.Context(), v)
	must(t, err)
	if want := []string{"its home /opt/git does not exist yet"}; !slices.Equal(plan.Notes, want) {
		t.Errorf("notes = %q, want %q", plan.Notes, want)
	}
}

func TestUserCheck(t *testing.T) {
	low, high, colon := -1, 65535, "a:b"
	for name, test := range map[string]struct {
		user User
		want string
	}{
		"fine":         {User{Name: "a", Home: "/", Shell: "/bin/sh"}, ""},
		"uid below":    {User{Name: "a", UID: &low}, "-1 is not an id: want 0 to 4294967294, but not 65535"},
		"uid reserved": {User{Name: "a", UID: &high}, "65535 is not an id: want 0 to 4294967294, but not 65535"},
		"comment":      {User{Name: "a", Comment: &colon}, `"a:b" cannot stand in passwd(5): it holds a colon or a control character`},
		"home":         {User{Name: "a", Home: "/a\nb"}, `"/a\nb" cannot stand in passwd(5): it holds a colon or a control character`},
		"absent":       {User{Name: "a", State: Gone, Login: true}, ""},
		"root":         {User{Name: "root", State: Gone}, "root cannot go"},
	} {
		err := test.user.Check()
		if got := message(err); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
