package test

import (
	"fmt"
	"os"
	"testing"
)

// moves declares the move of a home with what is easily lost, and what comes into it.
const moves = `
users:
  moves: {home: /srv/new/home, move: true, shell: /bin/bash}
directories:
  /srv/new: {mode: 0755}
  /srv/new/home: {owner: moves, group: moves, mode: 0750}
files:
  /srv/new/home/.profile: {content: "new\n", owner: moves}
`

const beforeMoves = `
mkdir -p "$ROOT/srv/old/deep/er"; echo 'moves:x:2005:2005::/srv/old:/bin/sh' >>"$ROOT/etc/passwd"; echo 'moves:x:2005:' >>"$ROOT/etc/group"
cd "$ROOT/srv/old"; echo old >.profile; echo one >deep/one; ln deep/one deep/er/two; ln -s deep/one link
chown -hR 2005:2005 .; chmod 4711 .profile
`

// Killed at any call, or failing at every other, a home that moves is whole in the old place, in
// the new one or in both; the next run moves it, and a roll-back that is struck can be
// made again.
func TestMoveCrashAtEveryCall(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("owners are part of it: it needs root")
	}
	t.Parallel()
	programs := crashPrograms(t)
	for _, what := range []string{"killed", "EIO"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			c := newCrash(t, programs, moves)
			c.moveCalls(what, turns[what], c.pristine, []string{"apply", c.manifest}, c.recovers)
		})
		t.Run(what+" on the way back", func(t *testing.T) {
			t.Parallel()
			c := newCrash(t, programs, moves)
			c.reset(c.pristine)
			c.agent(0, "apply", c.manifest)
			c.sh("cd " + c.root + "/srv/new/home; echo late >late; mkdir more; echo more >more/more")
			applied := c.root + "-applied"
			c.sh("cp -a " + c.root + " " + applied)
			c.agent(0, "rollback")
			c.before = c.look() // with what has come in the new home
			c.moveCalls(what, turns[what], applied, []string{"rollback"}, c.goesBack)
		})
	}
}

// moveCalls strikes at the calls as everyCall does, and looks at the old home.
func (c *crash) moveCalls(what string, f fault, tree string, argv []string, then func(when string)) {
	n := f.first
	for ; c.struck(tree, append(f.args, "-nth", fmt.Sprint(n)), argv); n += f.stride {
		when := fmt.Sprintf("%s at call %d (%s)", what, n, c.where)
		if _, err := os.Stat(c.root + "/srv/old/deep/one"); err != nil {
			c.Errorf("%s: the old home is not whole: %v", when, err)
		}
		then(when)
	}
	if n < 100 {
		c.Errorf("there were %d calls only", n)
	}
	c.Logf("%s, %s: calls up to %d", argv[0], what, n-f.stride)
}
