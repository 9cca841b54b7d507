package test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// attack is what a user tries to have another program run in the place of a
// command: write to it, or take it, a link or a directory on the way to it away.
const attack = `#!/bin/sh
evil() { mkdir -p "$(dirname "$1")" && printf '#!/bin/sh\necho evil as "$(id -un)"\n' >"$1" && chmod 0755 "$1"; }
for path in "$1" "$(readlink -m "$1")"; do
	at=$path
	while [ "$at" != / ]; do
		chmod u+rwx "$at" "$(dirname "$at")"
		if [ "$at" = "$path" ] && evil "$path"; then break 2; fi
		if mv "$at" "$at.away" && evil "$path"; then break 2; fi
		at=$(dirname "$at")
	done
done 2>/dev/null
sudo -n -u "$2" "$1"
`

// What the lint calls an escalation is one: the user really replaces the command
// and has the other's rights. What it lets pass cannot be replaced.
func TestSudoersLintIsRight(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.WriteFile("/usr/local/bin/attack", attack, 0o755)
	m.MustSh(`useradd -m alice; useradd -m bob; groupadd team; usermod -aG team alice`)
	for name, test := range map[string]struct {
		setup string // in a directory of root's of its own
		at    string // of the command there
		as    string // who it is run as; root where nothing is said
		evil  bool
	}{
		"safe":                    {"tool tool", "tool", "", false},
		"own file":                {"tool tool; chown alice tool", "tool", "", true},
		"own file, read-only":     {"tool tool; chown alice tool; chmod 0555 tool", "tool", "", true},
		"file of the group":       {"tool tool; chgrp team tool; chmod 0775 tool", "tool", "", true},
		"file of another group":   {"tool tool; chgrp bob tool; chmod 0775 tool", "tool", "", false},
		"own directory":           {"mkdir d; tool d/tool; chown alice d", "d/tool", "", true},
		"own directory, shut":     {"mkdir d; tool d/tool; chown alice d; chmod 0500 d", "d/tool", "", true},
		"own directory above":     {"mkdir -p d/e; tool d/e/tool; chown alice d", "d/e/tool", "", true},
		"open directory":          {"mkdir d; tool d/tool; chmod 0777 d", "d/tool", "", true},
		"sticky directory":        {"mkdir d; tool d/tool; chmod 1777 d", "d/tool", "", false},
		"sticky, own directory":   {"mkdir -p d/e; tool d/e/tool; chmod 1777 d; chown alice d/e", "d/e/tool", "", true},
		"group's directory":       {"mkdir d; tool d/tool; chgrp team d; chmod 0770 d", "d/tool", "", true},
		"writable, not enterable": {"mkdir d; tool d/tool; chgrp team d; chmod 0765 d; chmod 0720 d", "d/tool", "", false},
		"behind a closed door":    {"mkdir -p d/e; tool d/e/tool; chmod 0700 d; chown alice d/e d/e/tool", "d/e/tool", "", false},
		"link to a safe place":    {"mkdir d; tool d/tool; ln -s d l", "l/tool", "", false},
		"link to an own place":    {"mkdir d; tool d/tool; chown alice d; ln -s d l", "l/tool", "", true},
		"link in an open place":   {"mkdir d e; tool d/tool; chmod 0777 e; ln -s ../d e/l", "e/l/tool", "", true},
		"sticky, own link":        {"mkdir d e; tool d/tool; chmod 1777 e; ln -s ../d e/l; chown -h alice e/l", "e/l/tool", "", true},
		"sticky, root's link":     {"mkdir d e; tool d/tool; chmod 1777 e; ln -s ../d e/l", "e/l/tool", "", false},
		"list names it":           {"mkdir d; tool d/tool; setfacl -m u:alice:rwx d", "d/tool", "", true},
		"list names its group":    {"tool tool; setfacl -m g:team:rw tool", "tool", "", true},
		"list names another":      {"mkdir d; tool d/tool; setfacl -m u:bob:rwx,g:bob:rwx d", "d/tool", "", false},
		"list, masked":            {"mkdir d; tool d/tool; setfacl -m u:alice:rwx,m::rx d", "d/tool", "", false},
		"list opens a door":       {"mkdir -p d/e; tool d/e/tool; chown alice d/e; chmod 0700 d; setfacl -m u:alice:x d; chmod o+x d/e", "d/e/tool", "", true},
		"list shuts the group":    {"mkdir d; tool d/tool; chgrp team d; chmod 0775 d; setfacl -m u:alice:rx d", "d/tool", "", false},
		"list for what is made":   {"mkdir d; tool d/tool; setfacl -d -m u:alice:rwx d", "d/tool", "", false},
		"as another user":         {"mkdir d; tool d/tool; chown alice d", "d/tool", "bob", true},
		"as another user, safe":   {"mkdir d; tool d/tool; chown bob d d/tool", "d/tool", "bob", false},
	} {
		dir := "/opt/" + strings.NewReplacer(" ", "-", ",", "", "'", "").Replace(name)
		command := dir + "/" + test.at
		as := "root"
		if test.as != "" {
			as = test.as
		}
		m.MustSh(fmt.Sprintf(`tool() { printf '#!/bin/sh\necho good as "$(id -un)"\n' >"$1"; chmod 0755 "$1"; }; mkdir %s; cd %[1]s; %s`, dir, test.setup))
		text := fmt.Sprintf("alice ALL=(%s) NOPASSWD: %s\n", as, command)
		m.WriteFile("/root/m.yaml", fmt.Sprintf("version: 1\nsudoers: {lint: {content: %q}}\n", text), 0o644)
		plan := m.Agent("plan", "/root/m.yaml")
		warned := strings.Contains(plan.Stdout, "privilege escalation: alice may replace "+command+" and so gain the rights of "+as+": ")
		if refused := plan.Code == 1; refused != (test.evil && as == "root") || warned != test.evil {
			t.Errorf("%s: %s", name, plan)
		}
		m.WriteFile("/etc/sudoers.d/lint", text, 0o440)
		ran := m.Sh("runuser -u alice -- attack " + command + " " + as)
		m.MustSh("rm /etc/sudoers.d/lint")
		if evil := strings.TrimSpace(ran.Stdout) == "evil as "+as; evil != test.evil || !evil && strings.TrimSpace(ran.Stdout) != "good as "+as {
			t.Errorf("%s: alice tries, and: %s", name, ran)
		}
	}
}

// What is granted to many is judged for each of them, root and who may do
// everything left out; what is there already is judged as well; what is only
// audited is noted.
func TestSudoersLintOnNode(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.MustSh(`useradd -m alice; useradd -m -G sudo admin; mkdir /opt/a /opt/b; cp /bin/true /opt/a/tool; cp /bin/true /opt/b/tool; chown alice /opt/a; chown admin /opt/b`)
	const grant = "ALL ALL=(root) /opt/a/tool, /opt/b/tool\n"
	m.WriteFile("/etc/sudoers.d/there", grant, 0o440)
	m.InstallAgent()
	for _, test := range []struct {
		rest  string
		code  int
		words []string
		not   string
	}{
		{"", 1, []string{"sudoers:there: /etc/sudoers.d/there:1: privilege escalation: alice may replace /opt/a/tool"}, "admin may"},
		{", audit: true", 0, []string{"privilege escalation: alice may replace /opt/a/tool"}, "admin may"},
		{", accept_gain: {alice: [root]}", 0, nil, "escalation"},
	} {
		m.WriteFile("/root/m.yaml", fmt.Sprintf("version: 1\nsudoers: {there: {content: %q%s}}\n", grant, test.rest), 0o644)
		result, programs := m.Execs(boot.AgentPath, "apply", "/root/m.yaml")
		if result.Code != test.code || strings.Contains(result.Stdout, test.not) || len(programs) != 1 {
			t.Errorf("%s: %s %v", test.rest, result, programs)
		}
		for _, word := range test.words {
			if !strings.Contains(result.Stdout, word) {
				t.Errorf("%s: no %q: %s", test.rest, word, result)
			}
		}
	}
}

// What lies in a path that the manifest retires is noted before its day, and refused from
// then on, before anything is written.
func TestSudoersLintRetired(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.InstallAgent()
	m.MustSh(`useradd -m alice; mkdir /opt/old; cp /bin/true /opt/old/tool; ln -s old /opt/now`)
	for _, test := range []struct {
		after string
		code  int
		words string
	}{
		{"{after: 2999-01-01}", 2, "    note: /etc/sudoers.d/lint:1: /opt/now/tool lies in /opt/old, which from 2999-01-01 on is to go away (retired): grant what takes its place\n"},
		{"{}", 1, "sudoers:lint: /etc/sudoers.d/lint:1: /opt/now/tool lies in /opt/old, which is to go away (retired): grant what takes its place\n"},
	} {
		m.WriteFile("/root/m.yaml", "version: 1\nsudoers: {lint: {content: \"alice ALL=(root) /opt/now/tool\\n\"}}\nretired: {/opt/old: "+test.after+"}\n", 0o644)
		if plan := m.Agent("plan", "/root/m.yaml"); plan.Code != test.code || !strings.Contains(plan.Stdout, test.words) {
			t.Errorf("%s: %s", test.after, plan)
		}
	}
	if refused := m.Agent("apply", "/root/m.yaml"); refused.Code != 1 {
		t.Error(refused)
	}
	m.MustSh("test ! -e /etc/sudoers.d/lint; test -d /opt/old")
}

// Who is granted a command, and as whom, is what sudo itself says of the policy.
func TestSudoersLintAsksAsSudo(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.MustSh(`groupadd -g 7900 team; for i in 1 2 3; do useradd -u 790$i -m user$i; done; usermod -aG team user1; usermod -aG team user2
printf '#!/bin/sh\n' >/opt/tool; chmod 0777 /opt/tool`)
	people := []string{"root", "user1", "user2", "user3"}
	said := regexp.MustCompile(`privilege escalation: (.*) may replace /opt/tool and so gain the rights of (.*?): `)
	for _, text := range []string{
		"user1, user2 ALL = /opt/tool",
		"user1 node = (user2, user3) /opt/tool",
		"user1 other = (user2) /opt/tool",
		"user1 ALL, !node = (user2) /opt/tool",
		"user1 !other, n?de = (user2) /opt/tool",
		"User_Alias U = user1, user2, !user3\nUser_Alias V = !U, user3\nV, user1 ALL = (user2, user3) /opt/tool",
		"User_Alias U = user1, !user2\nuser1, user2, user3, !U ALL = /opt/tool",
		"#7901, %#7900, !user2 ALL = (#7903) /opt/tool",
		"Runas_Alias R = user3, %team, !user2\nuser1 ALL = (R) /opt/tool",
		"Runas_Alias R = root\nuser1, user3 ALL = (user2, R, !root) /opt/tool",
		"Defaults runas_default=user2\nuser1, user3 ALL = /opt/tool",
		"user1, USER2, \"user3\" ALL = (USER1) /opt/tool",
		"user1 ALL = (user2) /opt/tool, (user3) !/opt/tool",
		"user1 ALL = (user2) /bin/true, (user3) /opt/tool x, /opt/tool, !/opt/tool",
		"Cmnd_Alias C = /opt/tool, !/bin/true\nuser1, user3 ALL = () /bin/true, (user2) C",
		"user1 ALL = (user2) \\\n  NOPASSWD: SETENV: /opt/tool \\\n , /bin/true : other = ALL",
	} {
		m.WriteFile("/etc/sudoers.d/lint", text+"\n", 0o440)
		m.WriteFile("/root/m.yaml", fmt.Sprintf("version: 1\nsudoers: {lint: {content: %q}}\n", text+"\n"), 0o644)
		var want, got []string
		for _, who := range people[1:] {
			for _, as := range people {
				if may := m.Run("sudo", "-l", "-U", who, "-u", as, "/opt/tool"); may.Code == 0 && as != who {
					want = append(want, who+" as "+as)
				}
			}
		}
		plan := m.Agent("plan", "/root/m.yaml")
		for _, match := range said.FindAllStringSubmatch(plan.Stdout, -1) {
			for who := range strings.SplitSeq(match[1], ", ") {
				for as := range strings.SplitSeq(match[2], ", ") {
					got = append(got, who+" as "+as)
				}
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("%s: sudo lets %q, the lint says %q: %s", text, want, got, plan)
		}
	}
}
