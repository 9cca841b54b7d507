package manifests

import (
	"os"
	"regexp"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// thingsReference is the reference for the types of things_test.go.
func thingsReference(t *testing.T) *reference {
	t.Helper()
	text, err := os.ReadFile("things_test.go")
	if err != nil {
		t.Fatal(err)
	}
	r, err := newReference(things, fstest.MapFS{"things.go": {Data: text}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestExplain(t *testing.T) {
	everywhere := `
Fields of every resource:
  after: list of ids
      After names resources that come before this one, such as file:/etc/motd.
      Most of what must come first follows from the fields and need not be
      stated: the directories above a path, the owner of a file, what a unit
      reads.
  audit: true or false
      Audit reports a difference and never acts on it. Default: false.
`
	for topic, want := range map[string]string{
		"": `files
    A file is a thing that owns its path.
links
    A link is another thing that owns a path.
jobs
    A job is a thing with values inside values.
units
    A unit is a thing with numbers and choices.

Besides resources, a manifest has these keys:
version
    Version is the version of the language that the manifest is written in: 1.
vars
    Vars are texts and numbers by name.
atomic
    Atomic wants all or nothing: when one resource fails, everything that the
    run has changed is taken back, as with apply --atomic.
fighting
    Fighting is when a resource counts as one that somebody fights for: drift of
    it is corrected again and again.
`,
		"fighting": `fighting: fields

Fighting is when a resource counts as one that somebody fights for: drift of it
is corrected again and again. From then on it is reported and not corrected,
until the manifest changes, or with apply --enforce.

Fields:
  corrections: number
      Corrections is how many corrections make a fight; 0 for never. Default: 3.
  within: duration
      Within is the time within which they count. Default: 24h.
`,
		"links": `link: a resource in the section links

A link is another thing that owns a path.

Fields:
  target: text
      Target is where it leads.
` + everywhere,
		"job": `job: a resource in the section jobs

A job is a thing with values inside values.

    jobs:
      max:
        runs:
          backup: {command: x}

Fields:
  runs: mapping of names to fields (more: job.runs)
      Runs are what it does, by name.
  env: mapping of env names to texts
      Env are variables for all runs.
  steps: list of fields (more: job.steps)
      Steps come one after the other.
` + everywhere,
		"unit": `unit: a resource in the section units

A unit is a thing with numbers and choices.

Fields:
  enabled: true or false
      Enabled starts it at boot. Not managed when it is not declared.
  limit: duration
      Limit is how long it may take.
  tries: number
      Tries is how often it is tried.
  weight: number
      Weight is how much it weighs.
  on_change: restart or reload
      on_change is what happens then.
` + everywhere,
		"job.steps": `job.steps: list of fields

Steps come one after the other.

Fields:
  command: text
      Command is what the shell gets.
  users: list of user names
      Users may start it.
`,
		"jobs.runs.command": "job.runs.command: text\n\nCommand is what the shell gets.\n",
		"version":           "version: text\n\nVersion is the version of the language that the manifest is written in: 1.\n",
		"unit.audit":        "unit.audit: true or false\n\nAudit reports a difference and never acts on it. Default: false.\n",
	} {
		got, err := thingsReference(t).explain(topic)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", topic, err, diff)
		}
	}
}

func TestExplainUnknown(t *testing.T) {
	for topic, want := range map[string]string{
		"fil":               `there is nothing called "fil" in a manifest: did you mean "file"?`,
		"toaster":           `there is nothing called "toaster" in a manifest`,
		"unit.enabld":       `unit has no field "enabld": did you mean "enabled"?`,
		"job.runs.audit":    `job.runs has no field "audit"`,
		"unit.enabled.more": `unit.enabled has no field "more"`,
		"unit.":             `unit has no field ""`,
		"unit.kept":         `unit has no field "kept"`,
	} {
		if text, err := thingsReference(t).explain(topic); err == nil || err.Error() != want {
			t.Errorf("%q: %q, %v, want %s", topic, text, err, want)
		}
	}
}

func TestExplainNamesEveryFact(t *testing.T) {
	text, err := Explain("vars")
	if err != nil {
		t.Fatal(err)
	}
	for fact := range node.Facts("/") {
		if !regexp.MustCompile(`\b` + fact + `\b`).MatchString(text) {
			t.Errorf("explain vars does not name the fact %s:\n%s", fact, text)
		}
	}
}
