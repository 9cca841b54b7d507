package node

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// What is mounted in a tree stays when the tree goes, and so does what is in it.
func TestDiscardStopsAtMounts(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting takes root")
	}
	dir := t.TempDir()
	mounted := dir + "/tree/below/mounted"
	if err := os.MkdirAll(mounted, 0o755); err != nil {
		t.Fatal(err)
	}
	own := newThread()
	defer own.end()
	err := own.do(func() error {
		if err := errors.Join(unix.Unshare(unix.CLONE_NEWNS|unix.CLONE_FS), unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
			unix.Mount("none", mounted, "tmpfs", 0, ""), os.WriteFile(mounted+"/kept", nil, 0o600)); err != nil {
			return err
		}
		fd, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err := discardTree(t.Context(), fd, "tree"); !errors.Is(err, unix.EBUSY) {
			t.Errorf("it is discarded with what is mounted in it: %v", err)
		}
		_, err = os.Stat(mounted + "/kept")
		return errors.Join(err, unix.Unmount(mounted, 0), discardTree(t.Context(), fd, "tree"))
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir + "/tree"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}
