package resources

import (
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// open is a node whose sshd lets the user friend in.
var open = []string{
	"f /usr/sbin/sshd 0755 root:root", "f /usr/sbin/nologin 0755 root:root", "f /usr/bin/bash 0755 root:root", "l /bin usr/bin",
	"f /etc/ssh/sshd_config 0644 root:root UsePAM yes\n",
	"f /etc/shadow 0640 root:root root:*:19000:0:99999:7:::\nfriend:!:19000:0:99999:7:::\nmakenotwork:!:19000::::::\n",
	"d /home/friend 0755 friend:friend", "d /home/friend/.ssh 0700 friend:friend", "f /home/friend/.ssh/authorized_keys 0600 friend:friend",
}

func config(text string) string { return "f /etc/ssh/sshd_config 0644 root:root " + text }

func shadow(line string) string { return "f /etc/shadow 0640 root:root " + line + "\n" }

// What sshd of Debian 12 does was seen on a real node, for each of these.
func TestRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		paths []string
		want  []string
	}{
		"nothing":              {nil, nil},
		"no sshd in a tree":    {[]string{"x /usr/sbin/sshd", "x /usr/bin/bash"}, nil},
		"shell missing":        {[]string{"x /usr/bin/bash"}, []string{"its shell /bin/bash does not exist: install it or declare another shell"}},
		"shell not executable": {[]string{"f /usr/bin/bash 0644 root:root"}, []string{"its shell /bin/bash is not a program that it may run (file 0644 root:root): declare another shell"}},
		"shell of others":      {[]string{"f /usr/bin/bash 0750 root:git"}, []string{"its shell /bin/bash is not a program that it may run (file 0750 root:git): declare another shell"}},
		"shell not listed": {[]string{"f /etc/shells 0644 root:root # shells\n/bin/sh\n/bin/bash2\n", "f /etc/pam.d/sshd 0644 root:root @include common-account\n",
			"f /etc/pam.d/common-account 0644 root:root # PAM\n-account required pam_shells.so # listed\n"},
			[]string{"its shell /bin/bash is not in /etc/shells, for which /etc/pam.d/common-account:2 asks (pam_shells): add it there, or declare another shell"}},
		"shell listed":             {[]string{"f /etc/shells 0644 root:root /bin/bash\n", "f /etc/pam.d/sshd 0644 root:root account requisite /lib/security/pam_shells.so\n"}, nil},
		"nobody asks for the list": {[]string{"f /etc/pam.d/sshd 0644 root:root auth required pam_shells.so\naccount optional pam_shells.so\naccount include sshd\n"}, nil},
		"account expired":          {[]string{shadow("friend:!:19000:0:99999:7::19100:")}, []string{"its account expired on 2022-04-18: chage -E -1 friend lifts that"}},
		"password must change":     {[]string{shadow("friend:!:0:0:99999:7:::")}, []string{"its password must be changed at the next login: chage -d -1 friend lifts that"}},
		"password too old":         {[]string{shadow("friend:!:19000:0:10:7:::")}, []string{"its password expired on 2022-01-18 and must be changed: chage -M -1 friend lifts that"}},
		"too old for too long":     {[]string{shadow("friend:!:19000:0:10:7:5::")}, []string{"its password expired on 2022-01-18 and the account with it: chage -M -1 friend lifts that"}},
		"age without PAM":          {[]string{shadow("friend:*:0:0:99999:7:::"), config("")}, nil},
		"no line in shadow":        {[]string{shadow("")}, []string{"/etc/shadow has no line for it: pwconv adds one"}},
		"locked without PAM":       {[]string{config("UsePAM no")}, []string{"it is locked (! in /etc/shadow), which counts where UsePAM is no: usermod -p '*' friend unlocks it for keys"}},
		"nologin":                  {[]string{"f /etc/nologin 0644 root:root"}, []string{"/etc/nologin keeps everybody but root out: remove it"}},
		"nologin at boot":          {[]string{"f /run/nologin 0644 root:root"}, []string{"/run/nologin keeps everybody but root out: remove it"}},
		"not in AllowUsers":        {[]string{config("UsePAM yes\nAllowUsers root git\n")}, []string{"AllowUsers in /etc/ssh/sshd_config:2 names neither it nor its groups: add it there"}},
		"in AllowUsers":            {[]string{config("UsePAM yes\nAllowUsers root fr*@10.0.0.1\n")}, nil},
		"in DenyUsers":             {[]string{config("UsePAM yes\nDenyUsers git f*\n")}, []string{"DenyUsers in /etc/ssh/sshd_config:2 names it with f*: take that out"}},
		"in DenyUsers somehow":     {[]string{config("UsePAM yes\nDenyUsers f*@10.0.0.1\n")}, nil},
		"not in AllowGroups":       {[]string{config("UsePAM yes\nAllowGroups root git\n")}, []string{"AllowGroups in /etc/ssh/sshd_config:2 names neither it nor its groups: add it there"}},
		"in AllowGroups":           {[]string{config("UsePAM yes\nAllowGroups shared\n")}, nil},
		"in DenyGroups":            {[]string{config("UsePAM yes\nDenyGroups shared\n")}, []string{"DenyGroups in /etc/ssh/sshd_config:2 names it with shared: take that out"}},
		"no keys":                  {[]string{config("UsePAM yes\nPubkeyAuthentication no\n")}, []string{"PubkeyAuthentication is no (/etc/ssh/sshd_config:2), and it has no password: let sshd take keys"}},
		"a password will do":       {[]string{config("UsePAM yes\nPubkeyAuthentication no\n"), shadow("friend:$y$j9T$x:19000:0:99999:7:::")}, nil},
		"no file of keys":          {[]string{config("UsePAM yes\nAuthorizedKeysFile none\n")}, []string{"AuthorizedKeysFile is none (/etc/ssh/sshd_config:2): name the files that hold keys"}},
		"a command for keys":       {[]string{config("UsePAM yes\nAuthorizedKeysCommand /bin/keys\nAuthorizedKeysFile none\n")}, nil},
		"keys not there yet":       {[]string{"x /home/friend/.ssh/authorized_keys", "x /home/friend/.ssh"}, nil},
		"home not there yet":       {[]string{"x /home/friend"}, nil},
		"home shut":                {[]string{"d /home/friend 0600 friend:friend"}, []string{"sshd reads the keys in its name, but friend cannot get into /home/friend (directory 0600 friend:friend): give that mode 0700"}},
		"way shut":                 {[]string{"d /home 0700 root:root"}, []string{"sshd reads the keys in its name, but friend cannot get into /home (directory 0700 root:root): give that mode 0701"}},
		"way open to everybody":    {[]string{"d /home 0777 root:root"}, nil},
		"home of its group":        {[]string{"d /home/friend 0775 friend:friend"}, nil},
		"home of a shared group": {[]string{"d /home/friend 0775 friend:shared"},
			[]string{"sshd does not trust /home/friend (directory 0775 friend:shared): it must belong to friend or root, and nobody else may write to it: give it mode 0755"}},
		"home of everybody": {[]string{"d /home/friend 0777 friend:friend"},
			[]string{"sshd does not trust /home/friend (directory 0777 friend:friend): it must belong to friend or root, and nobody else may write to it: give it mode 0755"}},
		"without StrictModes": {[]string{"d /home/friend 0777 friend:friend", config("UsePAM yes\nStrictModes no\n")}, nil},
		"keys of another": {[]string{"f /home/friend/.ssh/authorized_keys 0644 git:git"},
			[]string{"sshd does not trust /home/friend/.ssh/authorized_keys (file 0644 git:git): it must belong to friend or root, and nobody else may write to it: give it owner friend and mode 0644"}},
		"keys of root":                        {[]string{"f /home/friend/.ssh/authorized_keys 0644 root:root"}, nil},
		"keys of root, open to its own group": {[]string{"f /home/friend/.ssh/authorized_keys 0660 root:friend"}, nil},
		"keys of root, open to a group": {[]string{"f /home/friend/.ssh/authorized_keys 0660 root:shared"},
			[]string{"sshd does not trust /home/friend/.ssh/authorized_keys (file 0660 root:shared): it must belong to friend or root, and nobody else may write to it: give it mode 0640"}},
		"keys of root alone": {[]string{"f /home/friend/.ssh/authorized_keys 0600 root:root"},
			[]string{"friend cannot read its own keys in /home/friend/.ssh/authorized_keys (file 0600 root:root): give that owner friend and mode 0600"}},
		"the second file will do": {[]string{"f /home/friend/.ssh/authorized_keys 0600 root:root", "f /home/friend/.ssh/authorized_keys2 0600 friend:friend"}, nil},
		"keys elsewhere":          {[]string{config("UsePAM yes\nAuthorizedKeysFile /etc/keys/%u\n"), "d /home/friend 0777 friend:friend", "f /etc/keys/friend 0644 root:root"}, nil},
		"all at once": {[]string{"f /etc/nologin 0644 root:root", "x /usr/bin/bash"},
			[]string{"its shell /bin/bash does not exist: install it or declare another shell", "/etc/nologin keeps everybody but root out: remove it"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := draw(t, append(slices.Clone(open), test.paths...)...)
			friend, _ := v.User("friend")
			var got []string
			for _, err := range refusals(v, friend) {
				got = append(got, err.Error())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("reasons:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestRefusalsOfRoot(t *testing.T) {
	v := draw(t, append(slices.Clone(open), "f /etc/nologin 0644 root:root", config("UsePAM yes\nPermitRootLogin no\n"))...)
	root, _ := v.User("root")
	got := refusals(v, root)
	if len(got) != 1 || got[0].Error() != "PermitRootLogin is no (/etc/ssh/sshd_config:2): make it prohibit-password" {
		t.Errorf("reasons: %v", got)
	}
}

// The shell that the story's user had, and a user who is only planned.
func TestLogin(t *testing.T) {
	v := draw(t, open...)
	u := &User{Name: "makenotwork", Login: true}
	want := "login: its shell is /usr/sbin/nologin: declare shell: /bin/bash"
	if err := u.Examine(t.Context(), v); err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
	u.Shell = "/bin/bash"
	checkPlan(t, u, v, "change user makenotwork: shell /usr/sbin/nologin -> /bin/bash")
	must(t, u.Examine(t.Context(), planned(t, u, v)))

	plan, err := u.Plan(t.Context(), draw(t))
	must(t, err)
	if want := []string{"login is not examined: there is no sshd in this tree"}; !slices.Equal(plan.Notes, want) {
		t.Errorf("notes without sshd: %q", plan.Notes)
	}

	deploy := &User{Name: "deploy", Shell: "/bin/bash", Login: true}
	must(t, deploy.Examine(t.Context(), planned(t, deploy, v)))
}

// planned is a view with a resource's plan laid over it.
func planned(t *testing.T, r Resource, v node.View) node.View {
	t.Helper()
	plan, err := r.Plan(t.Context(), v)
	must(t, err)
	next := node.NewFuture(v)
	next.Lay(plan.Changes...)
	return sketch{next}
}
