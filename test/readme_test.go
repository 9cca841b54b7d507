package test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// The session in the README is what happens: every command after a "$ ", typed
// in an empty directory beside examples/, prints what stands below it.
func TestReadmeSession(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// A copy, for manifests are refused that belong to others or that others may write.
	if out, err := exec.Command("sh", "-euc", `umask 022; cp -R ../examples "$0"`, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, session, _ := strings.Cut(readme(t), "```console\n")
	session, _, found := strings.Cut(session, "```\n")
	if !found {
		t.Fatal("the README shows no session")
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(session, "$ "), "\n$ ") {
		command, want, _ := strings.Cut(part, "\n")
		typed := exec.Command("sh", "-c", command)
		typed.Dir = dir
		said, _ := typed.CombinedOutput() // plan ends with 2
		if got, want := timeless(string(said)), timeless(want); got != want {
			t.Errorf("$ %s\nprints\n%s\nwant\n%s", command, got, want)
		}
	}
}

var durations = regexp.MustCompile(`\b[0-9.]+(µs|ms|s)\b`)

// timeless is what is printed without what differs from run to run, and without
// owners where those are left alone.
func timeless(text string) string {
	text = durations.ReplaceAllString(text, "TIME")
	if os.Geteuid() != 0 {
		text = withoutOwners(notes.ReplaceAllString(text, ""))
	}
	return strings.TrimSpace(text)
}

// What the README tells to make, the Makefile makes, and what it tells to
// install is what is built.
func TestReadmeTargets(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	makefile := "\n" + string(text)
	targets := regexp.MustCompile("(?m)(?:^    |`)make ([a-z]+)\\b").FindAllStringSubmatch(readme(t), -1)
	installed := regexp.MustCompile(`(?m)^    install (\S+) `).FindAllStringSubmatch(readme(t), -1)
	if len(targets) < 3 || len(installed) != 1 {
		t.Fatalf("the README makes %s and installs %s", targets, installed)
	}
	for _, target := range targets {
		if !strings.Contains(makefile, "\n"+target[1]+": ") {
			t.Errorf("there is no target %s", target[1])
		}
	}
	if !strings.Contains(makefile, "build -trimpath -o "+installed[0][1]+" ") {
		t.Errorf("make build makes no %s", installed[0][1])
	}
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
