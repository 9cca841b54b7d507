package node

import (
	"math/rand/v2"
	"os"
	"path"
	"strconv"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// A draft is a new file in the directory of the place that it is meant for. It
// gets the name of the place when it is complete. Until then it has none, and is
// gone when this program dies; where the file system has no such files, it has a
// temporary one.
type draft struct {
	*os.File
	place     place
	temporary string // its name; "" while it has none, or has that of the place
	flushed   bool   // its content is on the disk
}

// draft is a new file with a content, of which nobody else can read anything yet.
func (m *Machine) draft(p place, content *Content) (*draft, error) {
	if file := m.takeAhead(p, content); file != nil {
		return &draft{File: file, place: p, flushed: true}, nil
	}
	d, err := m.empty(p)
	if err != nil {
		return nil, err
	}
	if _, err := d.Write(content.Bytes()); err != nil {
		d.discard()
		return nil, err
	}
	return d, nil
}

// empty is a draft without content. In a preview it has a temporary name, which
// costs less.
func (m *Machine) empty(p place) (*draft, error) {
	if err := p.mayRename(); err != nil {
		return nil, err
	}
	if m.quick {
		return p.pending()
	}
	file, err := p.nameless()
	if err != nil {
		return p.pending()
	}
	return &draft{File: file, place: p}, nil
}

// mayRename is EPERM for a directory that only grows: what is put there for a time
// could not be removed again.
func (p place) mayRename() error {
	var st unix.Statx_t
	err := unix.Statx(p.dir, "", unix.AT_EMPTY_PATH, 0, &st)
	if err == nil && st.Attributes&unix.STATX_ATTR_APPEND != 0 {
		return unix.EPERM
	}
	return nil
}

// nameless is a new file without a name.
func (p place) nameless() (*os.File, error) {
	fd, err := unix.Openat(p.dir, ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), p.path), nil
}

// pending is a new file with a temporary name.
func (p place) pending() (*draft, error) {
	dir := procFD(p.dir)
	stem := path.Join(dir, p.stem()[1:]) // renameio puts the dot
	file, err := renameio.NewPendingFile(stem, renameio.WithTempDir(dir), renameio.WithPermissions(0o600))
	if err != nil {
		return nil, err
	}
	return &draft{File: file.File, place: p, temporary: path.Base(file.Name())}, nil
}

// temporaryDigits is how long the number at the end of a temporary name may be.
const temporaryDigits = 19

// stem is how the temporary names for a place begin: ".motd.mnw-agent-". What
// follows are digits. sudo, cron and systemd pass over such names.
func (p place) stem() string {
	const infix, longest = ".mnw-agent-", 255
	return "." + p.name[:min(len(p.name), longest-1-len(infix)-temporaryDigits)] + infix
}

// temporary is a new temporary name for the place, one that nobody can guess.
func (p place) temporary() string { return p.stem() + strconv.FormatInt(rand.Int64(), 10) }

// settle gives the file the name of the place, in one step, with its content on
// the disk by then.
func (d *draft) settle(quick bool) error {
	if !quick && !d.flushed {
		if err := d.Sync(); err != nil {
			return err
		}
	}
	dir := d.place.dir
	if d.temporary == "" {
		name := d.place.temporary()
		if err := unix.Linkat(unix.AT_FDCWD, procFD(int(d.Fd())), dir, name, unix.AT_SYMLINK_FOLLOW); err != nil {
			return err
		}
		d.temporary = name
	}
	if err := unix.Renameat(dir, d.temporary, dir, d.place.name); err != nil {
		return err
	}
	d.temporary = ""
	return nil
}

// discard closes the file, which is gone then, unless it has the name of the place.
func (d *draft) discard() {
	d.Close()
	if d.temporary != "" {
		_ = unix.Unlinkat(d.place.dir, d.temporary, 0)
	}
}
