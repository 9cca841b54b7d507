package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/makenotwork/mnw-agent/manifests"
)

// ErrLocked says that another run holds the lock.
var ErrLocked = errors.New("another run holds the lock")

// glance is how long a lock is waited for in any case: who only looks whether a run is
// under way has it for a moment.
const glance = 100 * time.Millisecond

// lock makes this the only run on the node until release is called. The kernel
// lets a lock go when its holder dies. It waits for another run as long as told.
func lock(ctx context.Context, dir string, wait time.Duration) (release func(), err error) {
	if err := privateDir(dir); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	deadline := time.Now().Add(max(wait, glance))
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EWOULDBLOCK) || time.Now().After(deadline) || ctx.Err() != nil {
			defer file.Close()
			return nil, fmt.Errorf("%w%s", ErrLocked, holder(file))
		}
		time.Sleep(50 * time.Millisecond)
	}
	holds := fmt.Sprintf("process %d, since %s", os.Getpid(), time.Now().Format(time.RFC3339))
	if err := errors.Join(file.Truncate(0), writeAt(file, holds)); err != nil {
		file.Close()
		return nil, fmt.Errorf("state directory: %w", err)
	}
	return func() {
		// A child that is just being started may still hold the file open.
		_ = unix.Flock(int(file.Fd()), unix.LOCK_UN)
		file.Close()
	}, nil
}

// lockMemory makes this the only one that reads or writes the memory until release
// is called: a moment.
func (o Options) lockMemory() (release func(), err error) {
	file, err := os.OpenFile(filepath.Join(o.StateDir, "memory.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, stateError(err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		file.Close()
		return nil, stateError(err)
	}
	return func() { file.Close() }, nil
}

// locked says whether a run is under way. It has the lock itself while it looks.
func locked(dir string) bool {
	file, err := os.Open(filepath.Join(dir, "lock"))
	if err != nil {
		return false
	}
	defer file.Close()
	return errors.Is(unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}

func writeAt(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text+"\n"), 0)
	return err
}

// holder tells who holds a lock, as far as the lock file says.
func holder(file *os.File) string {
	buf := make([]byte, 200)
	n, _ := file.ReadAt(buf, 0)
	if who := strings.TrimSpace(string(buf[:n])); who != "" {
		return ": " + who
	}
	return ""
}

// privateDir makes the state directory, where nobody else can write to it.
func privateDir(dir string) error {
	if err := ownDir(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	err := os.Mkdir(dir, 0o700)
	switch {
	case errors.Is(err, os.ErrExist):
		return nil
	case err != nil:
		return fmt.Errorf("state directory: %w", err)
	}
	return stateError(flushDir(filepath.Dir(dir))) // a loss of power must not take the journal along
}

// ownDir makes sure that nobody else can write to the state directory, or put
// another in its place.
func ownDir(dir string) error {
	var st unix.Stat_t
	err := unix.Stat(dir, &st)
	if err == nil && (st.Mode&0o022 != 0 || st.Uid != 0 && st.Uid != uint32(os.Geteuid())) {
		return fmt.Errorf("state directory %s: others may write to it (mode %04o, user %d): make it 0700 and your own", dir, st.Mode&0o7777, st.Uid)
	}
	if err := manifests.Ours(dir); err != nil {
		return fmt.Errorf("state directory %s: %w", dir, err)
	}
	return nil
}
