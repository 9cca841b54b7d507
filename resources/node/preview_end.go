package node

import (
	"errors"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// endAll kills every process whose root directory is the one held open. A judge
// is killed with its process group; this is for what left the group. It refuses
// the root of this very program: that would be all that runs on the node.
func endAll(root int) error {
	var scene unix.Stat_t
	if err := unix.Fstat(root, &scene); err != nil {
		return err
	}
	if err := mayBeEnded(&scene); err != nil {
		return err
	}
	for range 100 {
		found, err := endOnce(&scene)
		if err != nil || !found {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	return errors.New("a judge has left processes that cannot be ended")
}

// mayBeEnded is an error for the root directory of this very program, or when
// that is not known.
func mayBeEnded(scene *unix.Stat_t) error {
	var own unix.Stat_t
	if err := unix.Stat("/", &own); err != nil {
		return err
	}
	if own.Dev == scene.Dev && own.Ino == scene.Ino {
		return errors.New("the preview is the node itself: nothing in it is ended")
	}
	return nil
}

func endOnce(scene *unix.Stat_t) (found bool, err error) {
	proc, err := os.Open("/proc")
	if err != nil {
		return false, err
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil && endIfRootedIn(scene, pid) {
			found = true
		}
	}
	return found, err
}

// endIfRootedIn kills a process if its root directory is the scene. It is held
// by descriptor meanwhile, so that its number cannot pass to another.
func endIfRootedIn(scene *unix.Stat_t, pid int) bool {
	if !rootedIn(scene, pid) {
		return false
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return rootedIn(scene, pid) && unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0) == nil
}

func rootedIn(scene *unix.Stat_t, pid int) bool {
	var st unix.Stat_t
	err := unix.Stat("/proc/"+strconv.Itoa(pid)+"/root", &st)
	return err == nil && st.Dev == scene.Dev && st.Ino == scene.Ino
}
