package node

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// A Preview is a private picture of a node with changes made in it, in which
// judges run as if it were the node. Nothing that happens in it touches the
// node, and nothing of it is left when it is closed.
//
// The picture is made of overlays in a namespace of its own, or, where the
// kernel refuses that, of copies of what judges need. Either way the changes are
// the very ones that are to be performed, performed on the picture.
type Preview struct {
	scene    scene
	machine  *Machine // the picture
	fallback string
}

// A scene is where the judges of a preview act.
type scene interface {
	// root is the directory that they take for the root, held open.
	root() int
	// equip brings what judges need and the scene does not have yet.
	equip(ctx context.Context, judges []Judge) error
	// do runs a function on a thread that is in the scene: programs that it starts
	// are in the scene, and what is mounted there is in its way.
	do(f func() error) error
	// close ends what still runs in the scene and takes it down.
	close() error
}

// ErrNoPreview says that no judge can be asked here: it takes privileges.
var ErrNoPreview = errors.New("judges cannot be asked without the privileges of root")

// Preview makes a picture of the machine after the changes, below dir: a
// directory that exists, is empty and nobody else may enter. What concerns
// running units is left out. The error is ErrNoPreview where judges cannot be
// asked at all, and a *ChangeError when one of the changes cannot be made.
func (m *Machine) Preview(ctx context.Context, dir string, changes []Change) (*Preview, error) {
	if !m.owners {
		return nil, ErrNoPreview
	}
	overlays, refused := newOverlays(m, dir, changes)
	if refused == nil {
		return newPreview(ctx, overlays, "", changes)
	}
	copies, err := newCopies(ctx, m, dir, changes)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", err, refused)
	}
	return newPreview(ctx, copies, refused.Error(), changes)
}

// newPreview makes the changes in a scene that looks like the node.
func newPreview(ctx context.Context, s scene, fallback string, changes []Change) (*Preview, error) {
	root := s.root()
	picture := &Machine{root: procFD(root), rootFD: root, offline: true, owners: true, quick: true}
	p := &Preview{scene: s, machine: picture, fallback: fallback}
	if err := s.do(func() error { return p.perform(ctx, changes) }); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Preview) perform(ctx context.Context, changes []Change) error {
	for _, c := range changes {
		if kind := c.Subject().Kind; kind == OfUnit || kind == OfManager {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.machine.Perform(ctx, c); err != nil {
			return &ChangeError{Change: c, Err: err}
		}
	}
	return nil
}

// A ChangeError is a change that cannot be made even in a preview.
type ChangeError struct {
	Change Change
	Err    error
}

func (e *ChangeError) Error() string { return e.Err.Error() }
func (e *ChangeError) Unwrap() error { return e.Err }

// Fallback says why the picture is made of copies; empty where it is not.
func (p *Preview) Fallback() string { return p.fallback }

// Close ends what judges have left running, and takes the picture away.
func (p *Preview) Close() error {
	if err := p.scene.close(); err != nil {
		return fmt.Errorf("preview: %w", err)
	}
	return nil
}

// procFD is a path to what is held open, good in every namespace.
func procFD(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

// openDirectory holds a directory open.
func openDirectory(path string) (int, error) {
	return unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}
