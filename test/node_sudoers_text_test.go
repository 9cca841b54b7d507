package test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/resources/sudoers"
	"github.com/makenotwork/mnw-agent/test/boot"
)

// A policy is read as sudo reads it: what cvtsudoers(1) makes of texts, and what
// the package makes of them, says the same.
func TestSudoersAsSudo(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	random := rand.New(rand.NewPCG(5, 1))
	texts := slices.Clone(sudoersTexts)
	for range 1500 {
		texts = append(texts, sudoersText(random))
	}
	dir := t.TempDir()
	for i, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d", i)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m.Put(dir, "/root/texts")
	documents := strings.Split(m.MustSh(`cd /root/texts; for f in *; do cvtsudoers -f json "$f" 2>&1 || true; printf '\1'; done`), "\x01")
	read := 0
	for i, text := range texts {
		var want cvtPolicy
		document := cvtFault.ReplaceAllString(documents[i], "{$1}")
		if err := json.Unmarshal([]byte(document), &want); err != nil {
			if i < len(sudoersTexts) {
				t.Errorf("sudo does not take %q: %s", text, documents[i])
			}
			continue
		}
		read++
		got := grantsOf(sudoers.Read(sudoers.Text{Name: "x", Bytes: []byte(text)}, func(sudoers.Include) []sudoers.Text { return nil }))
		if want := want.grants(); !slices.Equal(got, want) {
			t.Errorf("%s\nsudo reads\n%s\nwe read\n%s", text, strings.Join(want, "\n"), strings.Join(got, "\n"))
		}
	}
	if read < len(texts)/4 {
		t.Errorf("sudo has taken only %d of %d texts", read, len(texts))
	}
}

// cvtFault is where cvtsudoers 1.9.13 makes no JSON of its options.
var cvtFault = regexp.MustCompile(`("run(?:cwd|chroot)": ".*")`)

// A cvtPolicy is what cvtsudoers -f json says of users.
type cvtPolicy struct {
	Specs []struct {
		Users []cvtItem `json:"User_List"`
		Hosts []cvtItem `json:"Host_List"`
		Specs []struct {
			RunasUsers  []cvtItem        `json:"runasusers"`
			RunasGroups []cvtItem        `json:"runasgroups"`
			Options     []map[string]any `json:"Options"`
			Commands    []cvtItem        `json:"Commands"`
		} `json:"Cmnd_Specs"`
	} `json:"User_Specs"`
}

type cvtItem map[string]any

func (i cvtItem) String() string {
	sign := ""
	if i["negated"] == true {
		sign = "!"
	}
	for _, key := range []string{"username", "userid", "usergroup", "usergid", "nonunixgroup", "nonunixgid", "netgroup", "useralias", "runasalias",
		"hostname", "hostalias", "networkaddr", "command", "cmndalias"} {
		if value, ok := i[key]; ok {
			return sign + strings.TrimLeft(fmt.Sprint(value), "+:")
		}
	}
	return fmt.Sprint(map[string]any(i))
}

func (p cvtPolicy) grants() []string {
	var lines []string
	for _, spec := range p.Specs {
		for _, s := range spec.Specs {
			nopasswd := false
			for _, o := range s.Options {
				nopasswd = nopasswd || o["authenticate"] == false
			}
			if len(s.RunasUsers) == 1 && s.RunasUsers[0]["username"] == "" { // ()
				s.RunasUsers = nil
			}
			for _, c := range s.Commands {
				lines = append(lines, fmt.Sprintf("%v %v = (%v:%v) %v %v", spec.Users, spec.Hosts, s.RunasUsers, s.RunasGroups, nopasswd, c))
			}
		}
	}
	return lines
}

// grantsOf is what the package reads, in the same words.
func grantsOf(p *sudoers.Policy) []string {
	var lines []string
	for _, g := range p.Grants {
		for _, s := range g.Specs {
			runas := cmpRunas(s.Runas)
			command := s.Command.Path
			switch {
			case s.Command.Kind == sudoers.Every:
				command = "ALL"
			case s.Command.Kind == sudoers.Other:
				command = s.Command.Raw
			}
			if s.Command.Not {
				command = "!" + command
			}
			if s.Command.Args != "" {
				command += " " + s.Command.Args
			}
			lines = append(lines, fmt.Sprintf("%v %v = (%v:%v) %v %v", words(g.Users), words(g.Hosts), words(runas.Users), words(runas.Groups), s.NoPassword, command))
		}
	}
	return lines
}

func cmpRunas(r *sudoers.Runas) sudoers.Runas {
	if r == nil {
		return sudoers.Runas{}
	}
	return *r
}

func words(list sudoers.List) []string {
	var all []string
	for _, i := range list {
		text := strings.TrimLeft(i.Text, "+%:")
		if i.Kind == sudoers.Any {
			text = "ALL"
		}
		if i.Not {
			text = "!" + text
		}
		all = append(all, text)
	}
	return all
}

// sudoersTexts are some that sudo takes.
var sudoersTexts = []string{
	"makenotwork ALL=(git) NOPASSWD: /opt/mnw/current/mnw-admin rebuild-keys\n",
	"mnw-cli ALL=(git) NOPASSWD: /usr/bin/git-*, /usr/bin/tee, /usr/bin/chmod\n",
	"%sudo\tALL=(ALL:ALL) ALL",
	"Defaults:max !authenticate\nCmnd_Alias A = /bin/a, !/bin/b : B = A\nUser_Alias U = max, %g\nU ALL = B, !A\n",
	"#1000 ALL = (#0) sudoedit /etc/x # to the end\n# a comment \\\n%#27 ALL = /bin/a\n",
}

// sudoersText is a line or two that sudo may take.
func sudoersText(r *rand.Rand) string {
	var b strings.Builder
	pick := func(some ...string) { b.WriteString(some[r.IntN(len(some))]) }
	list := func(some ...string) {
		for {
			pick("", "", "", "!", "! ", "!!")
			pick(some...)
			if r.IntN(3) > 0 {
				return
			}
			pick(",", ", ", " , ", ",\\\n\t")
		}
	}
	gap := func() { pick(" ", "\t", "  ", " \\\n  ") }
	for range 1 + r.IntN(2) {
		pick("", "", "", " ", "# a \\\n", "\n")
		list("a", "b1", "%g", "%#12", "#12", "+net", "%:ad", "ALL", "ADMINS", `"x y"`, `"%x y"`, `x\ y`, `d\\u`, "a@b", "A_b", "a.b-c", "%x\\ y")
		gap()
		for {
			list("ALL", "host", "h.example.net", "10.0.0.1", "10.0.0.0/8", "fe80::1", "HOSTS", "h-*", "+net")
			pick("=", " = ", " =\\\n ")
			for {
				pick("", "", "(git)", "(a, b:c)", "(ALL : ALL)", "(:g)", "()", "( a )", "(RUN, !#0)", "(%g)", `("x y")`)
				pick("", "", " ", "NOPASSWD:", "PASSWD: NOEXEC :", "NOPASSWD:SETENV: ", "CWD=/srv ", "CHROOT=/x NOPASSWD: ", "TIMEOUT=5m ", "LOG_INPUT: ")
				pick("", "", "", "", "!", "sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1+NsQ== ", "sha256:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1+NsSPe0Zw= ", "sha224 : d06a2617c98d377c250edd470fd5e576327748d82915d6e33b5f8db1, sha224:d06a2617c98d377c250edd470fd5e576327748d82915d6e33b5f8db1 ")
				pick("/bin/a", "/bin/b x y", `/bin/c ""`, `/bin/d a\,b\:c\=d \\e`, `/bin/e\ f`, `/bin/f\,g\=h`, "/usr/bin/*", "/usr/bin/", "/b[a-z]/?x *",
					"ALL", "CMNDS", "sudoedit /etc/x", "sudoedit /etc/x /etc/y", "/bin/h x # c", "/bin/i -a \\\n -b", "^/bin/[a-z,]+$", "/bin/j ^x(a|b),c$",
					`/bin/k "a b"`, "/bin/l !x", "/bin/m a=b", "/bin/n\t x", `/bin/o \*\?`, "/bin/p x\\\ny", "//bin//q", "/bin/./r", "/bin/s (x)", "/bin/t %x+y@z>w")
				if r.IntN(3) > 0 {
					break
				}
				pick(",", ", ", " , ")
			}
			if r.IntN(5) > 0 {
				break
			}
			pick(":", " : ")
		}
		pick("", " ", " # comment", "#x", " \\\n")
		pick("\n", "\n", "\n\n", "\r\n")
	}
	return b.String()
}
