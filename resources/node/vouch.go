package node

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// This file keeps root from being used by who owns a directory. A file there may
// be a link, symbolic or hard, that was planted to have root read or change for
// somebody what they cannot. What is meant is told by what was opened, never by
// what was there a moment ago.

// A PlantedError says that a link may have been planted.
type PlantedError struct {
	Link  string // where it lies
	By    string // who can have planted it
	Owner string // of the file that it leads to
}

func (e *PlantedError) Error() string {
	return fmt.Sprintf("%s may be a link that %s has planted to read a file of %s through it: remove it", e.Link, e.By, e.Owner)
}

// A reached file is one that is held open, for its looks alone.
type reached struct {
	fd      int
	st      unix.Stat_t
	planted bool // as a hard link, perhaps
}

// How long the clock that stamps files takes to go on at most, and how long a
// file is waited for that was changed just now.
const (
	tick     = 12 * time.Millisecond
	patience = 20 * tick
)

// reach holds the file in a directory open. Where others may write to the
// directory, a file that is not theirs alone must have no second name.
//
// How many names a file has is of use only when it is known that one of them is
// the one it was reached by: somebody may take that away in between. Each name
// that comes or goes sets the ctime, so a ctime from before the file was opened
// says that they were then what they are now. One that is too young is waited for.
func reach(dir int, name string) (reached, error) {
	var above unix.Stat_t
	if err := unix.Fstat(dir, &above); err != nil {
		return reached{}, err
	}
	for waited := time.Duration(0); ; waited += tick {
		began := coarseNow()
		r, err := hold(dir, name)
		if err != nil || r.st.Mode&unix.S_IFMT == unix.S_IFDIR || vouchedFor(&above, &r.st) {
			return r, err
		}
		if r.planted = r.st.Nlink > 1; r.planted || settled(r.st.Ctim).Before(began) {
			return r, nil
		}
		unix.Close(r.fd)
		if waited > patience+settled(r.st.Ctim).Sub(time.Unix(r.st.Ctim.Unix())) {
			return reached{}, errors.New("somebody is changing it all the time, in a directory that others may write to: refused")
		}
		time.Sleep(tick)
	}
}

func hold(dir int, name string) (r reached, err error) {
	if r.fd, err = unix.Openat(dir, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0); err != nil {
		return reached{}, err
	}
	if err := unix.Fstat(r.fd, &r.st); err != nil {
		unix.Close(r.fd)
		return reached{}, err
	}
	return r, nil
}

// vouchedFor says whether nobody can have put somebody else's file into a directory.
func vouchedFor(dir, file *unix.Stat_t) bool {
	return dir.Mode&0o022 == 0 && (trusted(dir.Uid) || dir.Uid == file.Uid)
}

// settled is the time after which a time stamp was not set again. One of whole
// seconds may be of a file system that knows no others.
func settled(stamp unix.Timespec) time.Time {
	at := time.Unix(stamp.Unix())
	if stamp.Nsec == 0 {
		at = at.Add(time.Second)
	}
	return at
}

// coarseNow is the time that a file which is changed now is stamped with, or an
// earlier one.
func coarseNow() time.Time {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &now) != nil {
		return time.Time{}
	}
	return time.Unix(now.Unix())
}

// reopen opens what is held open for its looks, to be read: a regular file or a
// directory. To open anything else may wait, or have effects of its own.
func reopen(fd int) (int, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return -1, err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		if err := stored(fd); err != nil {
			return -1, err
		}
	case unix.S_IFDIR:
	case unix.S_IFLNK:
		return -1, unix.ELOOP
	default:
		return -1, fmt.Errorf("it is a %s, not a file", odd(st.Mode))
	}
	again, err := unix.Open(procFD(fd), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.EAGAIN) {
		err = errors.New("another program holds a lease on it")
	}
	return again, err
}

// unstored are the file systems of the kernel in which to read may wait for ever, take
// away what others should read, or never end.
var unstored = []int64{unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC, unix.SECURITYFS_MAGIC,
	unix.BPF_FS_MAGIC, unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.EFIVARFS_MAGIC, unix.PSTOREFS_MAGIC}

// stored refuses a file that the kernel makes up, to which anybody can have a symlink lead;
// not its settings, proc_sys(5).
func stored(fd int) error {
	var st unix.Statfs_t
	if err := unix.Fstatfs(fd, &st); err != nil || !slices.Contains(unstored, int64(st.Type)) {
		return err
	}
	if at, err := os.Readlink(procFD(fd)); err != nil || !strings.HasPrefix(at, "/proc/sys/") {
		return errors.Join(err, fmt.Errorf("it is %s, which the kernel makes up, not a file", at))
	}
	return nil
}

// file walks on to a file, and to where symlinks in its place lead.
func (w *walk) file(at string) (reached, error) {
	dir, name := path.Split(at)
	if err := w.steps(dir); err != nil {
		return reached{}, err
	}
	if name == "" || name == "." || name == ".." {
		return reached{}, fmt.Errorf("%s: it is a directory", w.path)
	}
	r, err := reach(w.top(), name)
	if err != nil {
		return reached{}, fmt.Errorf("%s: %w", w.at(name), err)
	}
	if r.st.Mode&unix.S_IFMT != unix.S_IFLNK {
		return r, nil
	}
	defer unix.Close(r.fd)
	link := w.at(name)
	maker, target, err := w.link(name, r.fd, &r.st)
	if err != nil {
		return reached{}, err
	}
	end, err := w.file(target)
	if err == nil && !trusted(maker) && end.st.Uid != maker {
		unix.Close(end.fd)
		users := w.m.userDB()
		err = &PlantedError{Link: link, By: users.userName(maker), Owner: users.userName(end.st.Uid)}
	}
	return end, err
}

// ReadVouched is part of View.
func (l *Live) ReadVouched(at string) (State, error) {
	w := walk{m: l.m, path: at}
	defer w.close()
	if err := w.begin(); err != nil {
		return State{}, err
	}
	r, err := w.file(at)
	if err != nil {
		return State{}, err
	}
	defer unix.Close(r.fd)
	data, err := readHeld(r.fd, at)
	file := l.state(&r.st, "")
	file.Content = NewContent(data)
	if err == nil && r.planted && l.m.owners {
		dir := l.state(&w.way[len(w.way)-1].st, "")
		err = &PlantedError{Link: at, By: planterOf(dir, file), Owner: file.Owner}
	}
	return file, err
}
