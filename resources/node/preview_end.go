package node

import (
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// endAll kills every process whose root directory is the one held open. A judge
// is ended with all that bears its mark; this is for what has wiped it off. It
// refuses the root of this very program: that would be all that runs on the node.
func endAll(root int) error {
	var scene unix.Stat_t
	if err := unix.Fstat(root, &scene); err != nil {
		return err
	}
	if err := mayBeEnded(&scene); err != nil {
		return err
	}
	if err := endEach(func(pid int) (is, unsure bool) { return rootedIn(&scene, pid), false }); err != nil {
		return fmt.Errorf("a judge: %w", err)
	}
	return nil
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

func rootedIn(scene *unix.Stat_t, pid int) bool {
	var st unix.Stat_t
	err := unix.Stat("/proc/"+strconv.Itoa(pid)+"/root", &st)
	return err == nil && st.Dev == scene.Dev && st.Ino == scene.Ino
}
