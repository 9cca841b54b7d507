package node

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// This file is what files hold, as a Live view reads them.

// ReadFile is part of View.
func (l *Live) ReadFile(path string) ([]byte, error) {
	fd, err := l.m.open(path, unix.O_PATH)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	defer unix.Close(fd)
	return readHeld(fd, path)
}

// mostRead is the size of the largest file that is read as a whole. A file may belong to
// anybody, and one with holes be larger than the memory.
const mostRead = 256 << 20

// readHeld reads a regular file that is held open for its looks.
func readHeld(fd int, path string) ([]byte, error) {
	again, err := reopen(fd)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	file := os.NewFile(uintptr(again), path)
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	tooLong := &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("it is larger than %s, and is not read: see what it is, and who has made it so", sized(mostRead))}
	if info.Size() > mostRead {
		return nil, tooLong
	}
	var buf bytes.Buffer
	buf.Grow(int(info.Size()) + bytes.MinRead)
	if _, err := buf.ReadFrom(io.LimitReader(file, mostRead+1)); err != nil {
		return nil, err
	}
	if buf.Len() > mostRead {
		return nil, tooLong
	}
	return buf.Bytes(), nil
}

// Open is part of View.
func (l *Live) Open(path string) (io.ReadCloser, error) {
	file, err := l.open(path)
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (l *Live) open(path string) (*os.File, error) {
	fd, err := l.m.open(path, unix.O_PATH)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	defer unix.Close(fd)
	again, err := reopen(fd)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return os.NewFile(uintptr(again), path), nil
}

// comparing holds the buffers that Holds reads into.
var comparing = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// Holds is part of View. It keeps nothing of what it reads. It is asked of every
// file that is as declared, so it opens what was a file when it was looked at
// without a second look: a pipe does not wait, and a device on a disk that users
// may write to is not theirs to move.
func (l *Live) Holds(path string, content []byte) (bool, error) {
	fd, err := l.m.open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW)
	if err != nil {
		return false, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	defer unix.Close(fd)
	buf := comparing.Get().(*[]byte)
	defer comparing.Put(buf)
	for {
		n, err := unix.Read(fd, *buf)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return false, &fs.PathError{Op: "read", Path: path, Err: err}
		case n == 0:
			return len(content) == 0, nil
		case n > len(content) || !bytes.Equal((*buf)[:n], content[:n]):
			return false, nil
		case n == len(content) && n < len(*buf):
			return true, nil // less than was asked for: this is the end
		}
		content = content[n:]
	}
}
