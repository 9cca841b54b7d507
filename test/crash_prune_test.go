package test

import (
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
)

// prunes declares what --prune takes back.
const prunes = `
users: {comes: {uid: 2001}}
groups: {along: {gid: 2002}}
directories: {/srv/dir: {owner: comes, group: along, mode: 2750}}
files: {/srv/dir/new: {content: "new\n"}, /srv/deep/down: {content: "down\n"}, /etc/changes: {content: "changed\n"}, /etc/mode: {mode: 0600}}
env_files: {/etc/some.env: {set: {A: b}, secrets: {S: canary-secret}}}
symlinks: {/etc/link: {target: changes}}
crontabs: {daemon: {jobs: {j: {schedule: "@daily", command: /bin/true}}}}
`

// A run may die at any moment, and what it had made may leave the manifest before it
// is brought to its end: --prune takes it back all the same. It may die itself, and
// be brought to its end with --prune or without. No counter ever goes down, and the
// status is true in the end.
func TestPruneAtEveryCall(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("owners are part of it: it needs root")
	}
	t.Parallel()
	programs := crashPrograms(t)
	t.Run("apply", func(t *testing.T) {
		t.Parallel()
		c := newCrash(t, programs, prunes)
		c.everyCall("killed", turns["killed"], c.pristine, []string{"apply", c.manifest}, func(when string) {
			c.leave()
			c.agent(0, "apply", c.manifest)
			c.pruned(when, "/etc/gshadow", "/etc/shadow") // lines that nothing refers to stay, if it was killed at them
			c.declare(prunes)
		})
	})
	for _, next := range []string{"--prune", "--detailed-exitcode=false"} {
		t.Run("prune, "+next, func(t *testing.T) {
			t.Parallel()
			c := newCrash(t, programs, prunes)
			applied := c.root + "-applied"
			c.reset(c.pristine)
			c.agent(0, "apply", c.manifest)
			c.sh("cp -a " + c.root + " " + applied)
			c.leave()
			first := c.counted()
			c.everyCall("killed", turns["killed"], applied, []string{"apply", "--prune", c.manifest}, func(when string) {
				killed := c.counted()
				c.agent(0, "apply", next, c.manifest)
				c.pruned(when)
				last := c.counted()
				for series, n := range first {
					if killed[series] < n || last[series] < killed[series] {
						t.Errorf("%s: %s is %d, then %d, then %d", when, series, n, killed[series], last[series])
					}
				}
			})
		})
	}
}

func (c *crash) declare(manifest string) {
	c.Helper()
	if err := os.WriteFile(c.manifest, []byte("version: 1\n"+manifest), 0o600); err != nil {
		c.Fatal(err)
	}
}

// leave leaves nothing in the manifest.
func (c *crash) leave() { c.declare("") }

// pruned fails unless --prune makes all old, but for some files, with nothing left to
// know.
func (c *crash) pruned(when string, but ...string) {
	c.Helper()
	said := c.agent(0, "apply", "--prune", c.manifest)
	before, now := maps.Clone(c.before), c.look()
	for _, name := range but {
		delete(before, name)
		delete(now, name)
	}
	if diff := before.Diff(now); diff != "" {
		c.Errorf("%s: pruned, it is another tree:\n%s%s", when, diff, said)
	}
	if s := c.status(); len(s.Resources) > 0 || len(s.Notes) > 0 {
		c.Errorf("%s: known is still %+v %s", when, s.Resources, s.Notes)
	}
	c.tidy(when)
}

func (c *crash) status() *agent.Status {
	c.Helper()
	s := new(agent.Status)
	if err := json.Unmarshal([]byte(c.agent(0, "status", "--json")), s); err != nil {
		c.Fatal(err)
	}
	return s
}

// counted is the counters, by series.
func (c *crash) counted() map[string]int {
	c.Helper()
	counters, all := c.status().Counters, map[string]int{}
	for mode, results := range counters.Runs {
		for result, n := range results {
			all[strings.Join([]string{"runs", string(mode), string(result)}, " ")] = n
		}
	}
	for kind, causes := range counters.Changes {
		for cause, n := range causes {
			all[strings.Join([]string{"changes", kind, string(cause)}, " ")] = n
		}
	}
	return all
}
