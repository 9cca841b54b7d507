package test

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// The second session in the README is what happens: every command after a "$ ", typed
// in an empty directory beside examples/, prints what stands below it.
func TestReadmeSession(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// A copy, for manifests are refused that belong to others or that others may write.
	if out, err := exec.Command("sh", "-euc", `umask 022; cp -R ../examples "$0"`, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(sessions(t)[1], "$ "), "\n$ ") {
		command, want, _ := strings.Cut(part, "\n")
		typed := exec.Command("sh", "-c", command)
		typed.Dir = dir
		said, _ := typed.CombinedOutput() // plan ends with 2
		if got, want := timeless(string(said)), timeless(want); got != want {
			t.Errorf("$ %s\nprints\n%s\nwant\n%s", command, got, want)
		}
	}
}

// The demo plays to its end, and the first session in the README is what it prints, with
// … for lines that are left out.
func TestReadmeDemo(t *testing.T) {
	t.Parallel()
	if err := boot.Available(); err != nil {
		t.Skip(err)
	}
	var told strings.Builder
	demo := exec.Command("go", "run", "./test/demo")
	demo.Dir, demo.Stderr = "..", &told
	printed, err := demo.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, printed, &told)
	}
	rest := "\n" + timeless(string(printed)) + "\n"
	for part := range strings.SplitSeq(sessions(t)[0], "…\n") {
		want := "\n" + timeless(part) + "\n"
		at := strings.Index(rest, want)
		if at < 0 {
			t.Fatalf("the demo does not print\n%sin\n%s", want, rest)
		}
		rest = rest[at+len(want)-1:]
	}
}

// sessions is what the README shows of terminals.
func sessions(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, part := range strings.Split(readme(t), "```console\n")[1:] {
		session, _, _ := strings.Cut(part, "```\n")
		found = append(found, session)
	}
	if len(found) != 2 {
		t.Fatalf("the README shows %d sessions, want the demo's and that of the first steps", len(found))
	}
	return found
}

var (
	durations = regexp.MustCompile(`\b[0-9.]+(µs|ms|s)\b`)
	// What else differs from run to run: processes, what somebody who asks all the
	// time has heard, and what a tree comes to.
	numbers = regexp.MustCompile(`(process |"asked":|"outage":|files, )[0-9.]+`)
)

// timeless is what is printed without what differs from run to run, and without
// owners where those are left alone.
func timeless(text string) string {
	text = numbers.ReplaceAllString(durations.ReplaceAllString(text, "TIME"), "${1}N")
	if os.Geteuid() != 0 {
		text = withoutOwners(notes.ReplaceAllString(text, ""))
	}
	return strings.Trim(text, "\n")
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

// The manifests in the README are what stands in those examples, as far as they show it.
func TestReadmeManifests(t *testing.T) {
	t.Parallel()
	shown := strings.Split(readme(t), "```yaml\n")[1:]
	for i, example := range []string{"mnw/cutover.yaml", "quickstart.yaml"} {
		text, err := os.ReadFile("../examples/" + example)
		if err != nil || i >= len(shown) {
			t.Fatalf("%s: %v, and the README shows %d manifests", example, err, len(shown))
		}
		rest := string(text)
		manifest, _, _ := strings.Cut(shown[i], "```\n")
		for line := range strings.Lines(manifest) {
			_, after, found := strings.Cut(rest, "\n"+line)
			if !found {
				t.Fatalf("%s does not have, in this place, the README's line\n%s", example, line)
			}
			rest = "\n" + after
		}
	}
}

// There are as many alerts as the README says.
func TestReadmeAlerts(t *testing.T) {
	t.Parallel()
	rules, err := os.ReadFile("../examples/monitoring/rules/mnw-agent.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	if want := strconv.Itoa(strings.Count(string(rules), "- alert: ")) + " alerts with cases"; !strings.Contains(readme(t), want) {
		t.Errorf("the README does not say that there are %s", want)
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
