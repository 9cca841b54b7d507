package resources

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file looks at the list of shells, which counts where PAM is told to ask for it.

const (
	pamDir     = "/etc/pam.d"
	shellsFile = "/etc/shells"
	pamDepth   = 32 // as deep as files of PAM may include each other
)

// listed refuses a shell that pam_shells(8) does not find in its list.
func (a *admission) listed() {
	if !a.pam {
		return
	}
	asks := asksForShells(a.v, path.Join(pamDir, "sshd"), a.password(), 0)
	if asks == "" {
		return
	}
	shell := a.user.Shell
	if shell == "" {
		shell = "/bin/sh"
	}
	text, _ := a.v.ReadFile(shellsFile)
	if !slices.Contains(strings.Split(string(text), "\n"), shell) {
		a.refuse("its shell %s is not in %s, for which %s asks (pam_shells): add it there, or declare another shell", shell, shellsFile, asks)
	}
}

// asksForShells is the file and line of PAM's configuration that refuses who has no
// listed shell, "" for none. What is of the type auth is asked of passwords alone.
func asksForShells(v node.View, file string, password bool, depth int) string {
	text, err := v.ReadFile(file)
	if err != nil || depth > pamDepth {
		return ""
	}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line, _, _ = strings.Cut(line, "#")
		word := append(strings.Fields(line), "", "", "") // type, control, module
		kind := strings.TrimPrefix(word[0], "-")
		next := ""
		switch {
		case kind == "@include":
			next = word[1]
		case kind != "account" && (kind != "auth" || !password):
			continue
		case word[1] == "include" || word[1] == "substack":
			next = word[2]
		case path.Base(word[2]) == "pam_shells.so" && (word[1] == "required" || word[1] == "requisite"):
			return fmt.Sprintf("%s:%d", file, number)
		}
		if next == "" {
			continue
		}
		if !path.IsAbs(next) {
			next = path.Join(pamDir, next)
		}
		if at := asksForShells(v, next, password, depth+1); at != "" {
			return at
		}
	}
	return ""
}
