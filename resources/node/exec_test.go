package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// escapes are scripts that start what would outlive them.
var escapes = map[string]string{
	"a child in a session of its own":    "setsid sleep 300 > /dev/null 2>&1 &",
	"one that keeps the output open":     "setsid sleep 300 &",
	"a daemon":                           "(setsid sh -c '(setsid sleep 300 &) &' &)",
	"one that ignores what it is told":   "setsid sh -c 'trap \"\" TERM INT HUP; while :; do sleep 1; done' &",
	"a child in the same group":          "sleep 300 &",
	"many, each in a session of its own": "for i in 0 1 2 3 4 5 6 7 8 9; do for j in 0 1 2 3 4 5 6 7 8 9; do setsid sleep 300 & done; done",
	"one that starts others":             `setsid sh -c 'i=0; while [ $i -lt 500 ]; do i=$((i+1)); setsid sleep 300 & done' &`,
}

// The ends of a program, with what its script does last.
var ends = map[string]struct {
	last string
	acts bool
	end  func(ctx context.Context, c command) (string, error)
	want string // the error; "" for none
}{
	"it ends": {"", false, run, ""},
	"it is over its limit": {"sleep 300", false, func(ctx context.Context, c command) (string, error) {
		c.limit = 2 * time.Second
		return run(ctx, c)
	}, "sh was still running after 2s and was killed: begun"},
	"it is cancelled": {"sleep 300", false, cancelled, "context canceled"},
	"it changes the node and is over its limit": {"sleep 300", true, func(ctx context.Context, c command) (string, error) {
		c.limit = 2 * time.Second
		return run(ctx, c)
	}, "sh was still running after 2s and was killed: begun"},
	"it changes the node and is cancelled": {"sleep 300", true, cancelled, "context canceled"},
}

func cancelled(ctx context.Context, c command) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	time.AfterFunc(time.Second, cancel)
	return run(ctx, c)
}

func TestNothingOutlivesAProgram(t *testing.T) {
	t.Parallel()
	for how, end := range ends {
		for what, script := range escapes {
			t.Run(how+", "+what, func(t *testing.T) {
				t.Parallel()
				own := variable()
				c := command{argv: []string{"sh", "-c", "echo begun\n" + script + "\n" + end.last}, env: []string{own}, limit: time.Minute, acts: end.acts}
				said, err := end.end(t.Context(), c)
				if said != "begun\n" || (err == nil) != (end.want == "") || err != nil && err.Error() != end.want {
					t.Errorf("it said %q and ended with %v", said, err)
				}
				if left := processes(t, own); len(left) > 0 {
					t.Errorf("left running: %q", left)
				}
			})
		}
	}
}

// What a program that changes the node starts is meant to stay.
func TestAProgramThatActsMayLeaveADaemon(t *testing.T) {
	t.Parallel()
	own := variable()
	if _, err := run(t.Context(), command{argv: []string{"sh", "-c", "setsid sleep 300 &"}, env: []string{own}, limit: time.Minute, acts: true}); err != nil {
		t.Fatal(err)
	}
	// One that is just being executed has no environment for a moment.
	for deadline := time.Now().Add(10 * time.Second); len(processes(t, own)) != 1; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("left running: %q", processes(t, own))
		}
	}
	kill(t, own)
}

func TestProgramsHearAndSpeak(t *testing.T) {
	t.Parallel()
	stdin := bytes.Repeat([]byte("0123456789"), 20_000)
	for _, acts := range []bool{false, true} {
		said, err := run(t.Context(), command{argv: []string{"sh", "-c", "cat; echo end >&2"}, stdin: stdin, limit: time.Minute, acts: acts})
		if want := string(stdin) + "end\n"; err != nil || said != want[len(want)-outputLimit:] {
			t.Errorf("acts %t: %d bytes that end with %q, %v", acts, len(said), said[max(0, len(said)-20):], err)
		}
		if said, err = run(t.Context(), command{argv: []string{"cat"}, limit: time.Minute, acts: acts}); said != "" || err != nil {
			t.Errorf("acts %t: without input: %q, %v", acts, said, err)
		}
	}
}

// When this program is killed, what only looks dies with it; what changes the
// node hears and says all that it has to, and finishes. What the first had started
// is ended by the next one.
func TestKilledWhileAProgramRuns(t *testing.T) {
	t.Parallel()
	const script = `echo $$ > "$DIR/begun"; while kill -0 $STARTER; do sleep 0.1; done
dd bs=1k count=1000 if=/dev/zero 2>/dev/null; cat > "$DIR/heard"; echo said; setsid sleep 300 & echo finished > "$DIR/finished"; sleep 300; :`
	for _, acts := range []bool{false, true} {
		t.Run(fmt.Sprintf("acts %t", acts), func(t *testing.T) {
			t.Parallel()
			dir, own := t.TempDir(), variable()
			t.Cleanup(func() { kill(t, own) })
			starter := again(t, "TestStarter", "DIR="+dir, "OWN="+own, "SCRIPT="+script, fmt.Sprintf("ACTS=%t", acts))
			eventually(t, "the program does not begin", func() bool { return there(dir, "begun") })
			if err := starter.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			starter.Wait()
			shells := func() int { return len(find(t, own, "sh")) }
			if acts {
				eventually(t, "the program does not finish", func() bool { return there(dir, "finished") })
				if heard, _ := os.ReadFile(filepath.Join(dir, "heard")); len(heard) != heardBytes {
					t.Errorf("it heard %d bytes of %d", len(heard), heardBytes)
				}
			} else {
				eventually(t, "the program is still there", func() bool { return shells() == 0 })
			}
			if _, err := run(t.Context(), command{argv: []string{"true"}, limit: time.Minute}); err != nil {
				t.Error(err)
			}
			if left := processes(t, own); (len(left) > 0) != acts {
				t.Errorf("after the next program there are %q", left)
			}
		})
	}
}

const heardBytes = 1 << 20

// TestStarter is the program that is killed in the test above.
func TestStarter(t *testing.T) {
	if os.Getenv("SCRIPT") == "" {
		t.Skip("is started by another test")
	}
	env := []string{os.Getenv("OWN"), "DIR=" + os.Getenv("DIR"), fmt.Sprintf("STARTER=%d", os.Getpid())}
	run(t.Context(), command{argv: []string{"sh", "-c", os.Getenv("SCRIPT")}, env: env,
		stdin: make([]byte, heardBytes), limit: time.Minute, acts: os.Getenv("ACTS") == "true"})
}

// Whose mark a process bears decides about it.
func TestStrays(t *testing.T) {
	t.Parallel()
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	dead := gone.Process.Pid
	for mark, ends := range map[string]bool{
		fmt.Sprintf("looks.%d.1", dead):        true,
		fmt.Sprintf("acts.%d.1", dead):         false,
		fmt.Sprintf("looks.%d.1", os.Getpid()): false,
		"looks.0.1":                            false,
		"looks.-1.1":                           false,
		"looks.":                               false,
	} {
		own := variable()
		sleep := exec.Command("sleep", "300")
		sleep.Env = []string{own, markName + "=" + mark}
		if err := sleep.Start(); err != nil {
			t.Fatal(err)
		}
		if err := newMark(false).end(); err != nil {
			t.Error(err)
		}
		if left := processes(t, own); (len(left) == 0) != ends {
			t.Errorf("%s: left are %q", mark, left)
		}
		sleep.Process.Kill()
		sleep.Wait()
	}
}

// again runs a test of this binary in a process of its own.
func again(t *testing.T, test string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$")
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// variable is one that no other process has in its environment.
func variable() string { return fmt.Sprintf("EXEC_TEST=%d", rand.Uint64()) }

// processes are those with a variable, zombies aside.
func processes(t *testing.T, variable string) []string { return find(t, variable, "") }

// find is the processes with a variable and a name, as their directories in
// proc(5) and their command lines.
func find(t *testing.T, variable, name string) []string {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, dir := range dirs {
		environ, _ := os.ReadFile(dir + "/environ")
		line, _ := os.ReadFile(dir + "/cmdline")
		if bytes.Contains(environ, []byte(variable+"\x00")) && strings.HasPrefix(string(line), name) && !bytes.Contains(line, []byte("-test.run")) {
			found = append(found, dir+" "+string(bytes.ReplaceAll(line, []byte{0}, []byte(" "))))
		}
	}
	return found
}

func kill(t *testing.T, variable string) {
	t.Helper()
	for _, p := range processes(t, variable) {
		var pid int
		if _, err := fmt.Sscanf(p, "/proc/%d", &pid); err != nil {
			t.Error(err)
		} else if p, err := os.FindProcess(pid); err == nil {
			if err := p.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Error(err)
			}
		}
	}
}

func there(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}
