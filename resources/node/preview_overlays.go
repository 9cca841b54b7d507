package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// Overlays are a scene made by the kernel: an overlay over the root of the
// machine and one over every local file system below it, all that is written
// kept in memory, in mount and network namespaces that only one thread of this
// program and the judges are in.
//
// A socket seen through an overlay is another socket, to which nobody listens:
// no judge reaches systemd, D-Bus, the journal or a database. A time of access
// is not changed either.
type overlays struct {
	*thread
	machine *Machine
	fd      int
	count   int
}

// newOverlays builds the scene in memory mounted at dir.
func newOverlays(m *Machine, dir string, changes []Change) (*overlays, error) {
	o := &overlays{thread: newThread(), machine: m, fd: -1}
	err := o.do(func() error { return o.build(dir, changes) })
	if err != nil {
		return nil, errors.Join(err, o.close())
	}
	return o, nil
}

// build makes the thread leave the node, and mounts the scene. It works in dir,
// so that what is given to the kernel are short names without special characters.
func (o *overlays) build(dir string, changes []Change) error {
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("the kernel refuses a namespace: %w", err)
	}
	base, err := openDirectory(o.machine.root)
	if err != nil {
		return err
	}
	defer unix.Close(base)
	table, err := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("the kernel refuses a private mount: %w", err)
	}
	if err := unix.Mount("mnw-agent", dir, "tmpfs", 0, fmt.Sprintf("mode=0700,size=%d", space(changes))); err != nil {
		return fmt.Errorf("the kernel refuses a mount on %s: %w", dir, err)
	}
	if err := errors.Join(unix.Chdir(dir), unix.Mkdir(scenePath, 0o755)); err != nil {
		return err
	}
	if err := o.overlay(base, scenePath); err != nil {
		return fmt.Errorf("the kernel refuses an overlay over %s: %w", o.machine.root, err)
	}
	changed := changedPaths(changes)
	for _, point := range worthOverlay(parseMounts(string(table)), o.machine.root, changed) {
		if err := o.cover(point, anyUnder(changed, point)); err != nil {
			return fmt.Errorf("the kernel refuses an overlay over %s: %w", point, err)
		}
	}
	if err := furnish(); err != nil {
		return err
	}
	o.fd, err = openDirectory(scenePath)
	return err
}

// scenePath is the root of the scene below the directory it is built in.
const scenePath = "root"

// space is how much memory the scene may take, in bytes: what the changes
// write, and some for the judges.
func space(changes []Change) int {
	const forJudges, page = 128 << 20, 4 << 10
	total := forJudges
	for _, c := range changes {
		total += 2 * page
		if c, ok := c.(*PathChange); ok && c.To.Content != nil {
			total += len(c.To.Content.Bytes())
		}
	}
	return total
}

func changedPaths(changes []Change) []string {
	var paths []string
	for _, c := range changes {
		if s := c.Subject(); s.Kind == OfPath {
			paths = append(paths, s.Name)
		}
		if c, ok := c.(*TreeMove); ok {
			paths = append(paths, c.To)
		}
	}
	return paths
}

// cover shows what is mounted at a path of the machine: with an overlay, or,
// where that is refused and nothing changes there, to read alone. What another
// mount hides is left alone. A file on which another is mounted is mounted as it
// is, so that it refuses to be replaced as on the node.
func (o *overlays) cover(point string, changes bool) error {
	at := scenePath + point
	fd, err := unix.Open(path.Join(o.machine.root, point), unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return hidden(err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return hidden(bindReadOnly(procFD(fd), at))
	}
	err = o.overlay(fd, at)
	if err != nil && !changes {
		err = bindReadOnly(procFD(fd), at)
	}
	return hidden(err)
}

// hidden is an error, unless it says that a path leads nowhere.
func hidden(err error) error {
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return nil
	}
	return err
}

// overlay mounts an overlay over a directory that is held open.
func (o *overlays) overlay(lower int, at string) error {
	o.count++
	upper, work := fmt.Sprintf("upper%d", o.count), fmt.Sprintf("work%d", o.count)
	var st unix.Stat_t
	err := errors.Join(unix.Fstat(lower, &st), unix.Mkdir(upper, 0o700), unix.Mkdir(work, 0o700),
		unix.Chown(upper, int(st.Uid), int(st.Gid)), unix.Chmod(upper, st.Mode&0o7777))
	if err != nil {
		return err
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", procFD(lower), upper, work)
	const flags = unix.MS_NOSUID | unix.MS_NODEV
	// With metacopy, a change of owner or mode copies no content.
	err = unix.Mount("mnw-agent", at, "overlay", flags, options+",metacopy=on,index=off,xino=off")
	if errors.Is(err, unix.EINVAL) {
		err = unix.Mount("mnw-agent", at, "overlay", flags, options)
	}
	return err
}

func (o *overlays) root() int { return o.fd }

// equip has nothing to bring: everything is there.
func (o *overlays) equip(context.Context, []Judge) error { return nil }

// close ends what runs in the scene, and its thread. With the thread the
// namespaces are gone, and with them what is mounted.
func (o *overlays) close() error {
	defer o.end()
	if o.fd < 0 {
		return nil
	}
	return errors.Join(endAll(o.fd), unix.Close(o.fd))
}
