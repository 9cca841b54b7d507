package node

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// trees is a tree and the place of its copy.
type trees struct {
	from int // the top of the tree, held open
	at   string
	to   place
}

// withTrees holds a tree and the place of its copy open for as long as something is done.
func (m *Machine) withTrees(from, to string, do func(trees) error) error {
	t, err := m.openTrees(from, to)
	if err != nil {
		return err
	}
	defer t.close()
	return do(t)
}

func (m *Machine) openTrees(from, to string) (t trees, err error) {
	p, err := m.place(from)
	if err != nil {
		return t, err
	}
	defer p.close()
	top, err := p.openTop()
	if err != nil || top < 0 {
		return t, errors.Join(err, absentTop(from, top))
	}
	mounted, err := m.View().MountBelow(from)
	if err == nil && mounted != "" {
		err = fmt.Errorf("%s is mounted in %s: unmount it, or move the tree by hand", mounted, from)
	}
	if err == nil {
		t = trees{from: top, at: from}
		t.to, err = m.place(to)
	}
	if err != nil {
		unix.Close(top)
	}
	return t, err
}

func absentTop(at string, fd int) error {
	if fd >= 0 {
		return nil
	}
	return &MovedError{Subject: Subject{OfPath, at}, Saw: Directory.String(), Found: Absent.String()}
}

func (t trees) close() {
	unix.Close(t.from)
	t.to.close()
}
