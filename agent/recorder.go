package agent

import (
	"context"
	"io"
	"path"
	"slices"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A recorder is a view that notes what is looked at through it. One resource
// uses it, from one goroutine.
type recorder struct {
	node.View
	looked []node.Subject
	parent *recorder // whose notes are kept, for a view with changes laid over it
}

func (r *recorder) note(kind node.SubjectKind, name string) {
	for r.parent != nil {
		r = r.parent
	}
	if n := len(r.looked); n > 0 && r.looked[n-1] == (node.Subject{Kind: kind, Name: name}) {
		return
	}
	r.looked = append(r.looked, node.Subject{Kind: kind, Name: name})
}

func (r *recorder) Lstat(path string) (node.State, error) {
	r.note(node.OfPath, path)
	return r.View.Lstat(path)
}

func (r *recorder) ReadFile(path string) ([]byte, error) {
	r.note(node.OfPath, path)
	return r.View.ReadFile(path)
}

func (r *recorder) Open(path string) (io.ReadCloser, error) {
	r.note(node.OfPath, path)
	return r.View.Open(path)
}

func (r *recorder) Digest(ctx context.Context, path string) (node.Digest, error) {
	r.note(node.OfPath, path)
	return r.View.Digest(ctx, path)
}

func (r *recorder) ReadVouched(path string) (node.State, error) {
	r.note(node.OfPath, path)
	return r.View.ReadVouched(path)
}

func (r *recorder) Holds(path string, content []byte) (bool, error) {
	r.note(node.OfPath, path)
	return r.View.Holds(path, content)
}

func (r *recorder) Readlink(path string) (string, error) {
	r.note(node.OfPath, path)
	return r.View.Readlink(path)
}

func (r *recorder) Xattrs(path string) (node.Xattrs, error) {
	r.note(node.OfPath, path)
	return r.View.Xattrs(path)
}

// ReadDir notes the names in the directory as looked at, whatever they are.
func (r *recorder) ReadDir(dir string) ([]string, error) {
	r.note(node.OfPath, path.Join(dir, "*"))
	return r.View.ReadDir(dir)
}

func (r *recorder) User(name string) (node.User, bool) {
	r.note(node.OfUser, name)
	return r.View.User(name)
}

func (r *recorder) Group(name string) (node.Group, bool) {
	r.note(node.OfGroup, name)
	return r.View.Group(name)
}

func (r *recorder) Crontab(user string) ([]byte, bool, error) {
	r.note(node.OfCrontab, user)
	return r.View.Crontab(user)
}

func (r *recorder) Unit(name string) (node.Unit, error) {
	r.note(node.OfUnit, name)
	return r.View.Unit(name)
}

func (r *recorder) Manager() (node.Manager, error) {
	r.note(node.OfManager, "")
	return r.View.Manager()
}

func (r *recorder) With(changes ...node.Change) node.View {
	return &recorder{View: r.View.With(changes...), parent: r}
}

// An upheaval is the subjects that the plans of a wave change, each with the
// last step that does.
type upheaval map[node.Subject]*step

func (u upheaval) add(by *step) {
	for _, c := range by.plan.Changes {
		s := c.Subject()
		u[s] = by
		if user, ok := c.(*node.UserChange); ok {
			for _, group := range slices.Concat(user.From.Groups, user.To.Groups) {
				u[node.Subject{Kind: node.OfGroup, Name: group}] = by // who is in it
			}
		}
		if s.Kind == node.OfPath {
			u[node.Subject{Kind: node.OfPath, Name: path.Join(path.Dir(s.Name), "*")}] = by
		}
		if move, ok := c.(*node.TreeMove); ok {
			u[node.Subject{Kind: node.OfPath, Name: move.To}] = by
			u[node.Subject{Kind: node.OfPath, Name: path.Join(path.Dir(move.To), "*")}] = by
		}
	}
}

// disturber is another step that changes what a plan was made on, one of the
// subjects that it looked at or a directory above it; nil when there is none.
func (u upheaval) disturber(of *step, looked []node.Subject) *step {
	if len(u) == 0 {
		return nil
	}
	for _, s := range looked {
		if by := u[s]; by != nil && by != of {
			return by
		}
		if s.Kind != node.OfPath {
			continue
		}
		for dir := path.Dir(s.Name); dir != "/"; dir = path.Dir(dir) {
			if by := u[node.Subject{Kind: node.OfPath, Name: dir}]; by != nil && by != of {
				return by
			}
		}
	}
	return nil
}
