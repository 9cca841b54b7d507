package node

import (
	"bytes"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// outputLimit is how much of what a program says is kept.
const outputLimit = 64 << 10

// connect gives the program its input and its outputs. A program that acts gets
// files in memory: with pipes, the end of this program would cut its input short,
// so that crontab installed half a table, and kill it when it speaks. What done
// closes the program has by then.
func (r *running) connect() (done func(), err error) {
	if !r.acts {
		out := &tail{}
		r.out = out
		r.cmd.Stdin = bytes.NewReader(r.stdin)
		r.cmd.Stdout, r.cmd.Stderr = out, out
		return func() {}, nil
	}
	in, err := memory(r.stdin)
	if err != nil {
		return nil, err
	}
	out, err := memory(nil)
	if err != nil {
		in.Close()
		return nil, err
	}
	r.out = spoken{out}
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = in, out, out
	return func() { in.Close() }, nil
}

// memory is a file without a name that holds data, to be read from its start.
func memory(data []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate("mnw-agent", unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3
		fd, err = unix.MemfdCreate("mnw-agent", unix.MFD_CLOEXEC)
	}
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	file := os.NewFile(uintptr(fd), "memory")
	if _, err := file.WriteAt(data, 0); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// A spoken is a file with what a program has said.
type spoken struct{ file *os.File }

// String is the end of it. It can be read once.
func (s spoken) String() string {
	defer s.file.Close()
	info, err := s.file.Stat()
	if err != nil {
		return ""
	}
	from := max(0, info.Size()-outputLimit)
	text, _ := io.ReadAll(io.NewSectionReader(s.file, from, outputLimit))
	return string(text)
}

// A tail keeps the end of what is written to it.
type tail struct{ buf []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - outputLimit; over > 0 {
		t.buf = t.buf[over:]
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.buf) }
