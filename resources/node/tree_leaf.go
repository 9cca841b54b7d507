package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// copyLeaf puts a copy of what is held open, anything but a directory, at a place, in
// one step and with all its traits.
func (m *Machine) copyLeaf(ctx context.Context, r reached, p place) error {
	want, err := traitsOf(r, m.owners)
	if err != nil {
		return err
	}
	if r.st.Mode&unix.S_IFMT == unix.S_IFREG {
		return m.copyFile(ctx, r, want, p)
	}
	name := p.temporary()
	if r.st.Mode&unix.S_IFMT == unix.S_IFLNK {
		err = unix.Symlinkat(want.target, p.dir, name)
	} else {
		err = unix.Mknodat(p.dir, name, r.st.Mode&unix.S_IFMT|0o600, int(want.device))
		if errors.Is(err, unix.EPERM) {
			err = errors.New("it is a device, which a hardened service may not make: remove it, or apply from a shell")
		}
	}
	if err != nil {
		return err
	}
	if err = m.dressLeaf(place{dir: p.dir, name: name}, want, r.st.Atim); err == nil {
		err = unix.Renameat(p.dir, name, p.dir, p.name)
	}
	if err != nil {
		_ = unix.Unlinkat(p.dir, name, 0)
	}
	return err
}

// dressLeaf gives a symlink, a fifo or a device its owner, mode and times.
func (m *Machine) dressLeaf(p place, want traits, atime unix.Timespec) error {
	r, err := hold(p.dir, p.name)
	if err != nil {
		return err
	}
	defer unix.Close(r.fd)
	if r.st.Mode&unix.S_IFMT != want.mode&unix.S_IFMT || r.st.Uid != uint32(unix.Geteuid()) || r.st.Nlink != 1 {
		return errors.New("somebody has put something else in its place: refused")
	}
	if m.owners {
		if err := unix.Fchownat(r.fd, "", int(want.uid), int(want.gid), unix.AT_EMPTY_PATH); err != nil {
			return fmt.Errorf("chown: %w", err)
		}
	}
	if want.mode&unix.S_IFMT != unix.S_IFLNK {
		if err := unix.Chmod(procFD(r.fd), want.mode&0o7777); err != nil {
			return fmt.Errorf("chmod: %w", err)
		}
	}
	return unix.UtimesNanoAt(r.fd, "", []unix.Timespec{atime, want.mtime}, unix.AT_EMPTY_PATH)
}

// copyFile copies a file. One that is written to meanwhile gets a time of its own,
// by which the next pass knows that it is not done.
func (m *Machine) copyFile(ctx context.Context, r reached, want traits, p place) error {
	fd, err := reopen(r.fd)
	if err != nil {
		return err
	}
	from := os.NewFile(uintptr(fd), p.path)
	defer from.Close()
	to, err := m.empty(p)
	if err != nil {
		return err
	}
	defer to.discard()
	if err := copyData(ctx, to.File, from, want.size); err != nil {
		return err
	}
	same, err := sameBytes(ctx, fd, int(to.Fd()))
	if err != nil {
		return err
	}
	var after unix.Stat_t
	if err := unix.Fstat(r.fd, &after); err != nil {
		return err
	}
	if !same || after.Mtim != r.st.Mtim {
		want.mtime = unix.Timespec{}
	}
	if err := want.dress(int(to.Fd()), r.st.Atim, m.owners); err != nil {
		return err
	}
	return to.settle(true)
}

// copyData copies what a file holds, its holes left out.
func copyData(ctx context.Context, to, from *os.File, size int64) error {
	const atOnce = 8 << 20
	if err := to.Truncate(size); err != nil {
		return err
	}
	for at := int64(0); at < size; {
		data, err := unix.Seek(int(from.Fd()), at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			return nil // the rest is a hole
		}
		if err != nil {
			return err
		}
		hole, err := unix.Seek(int(from.Fd()), data, unix.SEEK_HOLE)
		if err != nil {
			return err
		}
		end := min(hole, size)
		for at = data; at < end; at += atOnce {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			if err := copyPart(to, from, at, min(atOnce, end-at)); err != nil {
				return err
			}
		}
		at = hole
	}
	return nil
}

// copyPart copies some bytes at a place. That there are fewer by now is no error: the
// file has changed, and is looked at once more.
func copyPart(to, from *os.File, at, n int64) error {
	if _, err := to.Seek(at, io.SeekStart); err != nil {
		return err
	}
	if _, err := from.Seek(at, io.SeekStart); err != nil {
		return err
	}
	_, err := io.CopyN(to, from, n)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// sameBytes says whether two files that are held open hold the same.
func sameBytes(ctx context.Context, a, b int) (bool, error) {
	one, err := openToCompare(a)
	if err != nil {
		return false, err
	}
	defer one.Close()
	other, err := openToCompare(b)
	if err != nil {
		return false, err
	}
	defer other.Close()
	const part = 256 << 10
	left, right := make([]byte, part), make([]byte, part)
	for at := int64(0); ; at += part {
		if err := context.Cause(ctx); err != nil {
			return false, err
		}
		n, errLeft := one.ReadAt(left, at)
		k, errRight := other.ReadAt(right, at)
		if !bytes.Equal(left[:n], right[:k]) {
			return false, nil
		}
		if err := errors.Join(notEnd(errLeft), notEnd(errRight)); err != nil || n < part {
			return err == nil, err
		}
	}
}

func openToCompare(fd int) (*os.File, error) {
	again, err := reopen(fd)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(again), "it"), nil
}

func notEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
