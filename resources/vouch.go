package resources

import (
	"fmt"
	"path"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// readVouched reads a file whose content goes on into a file of another owner.
// Somebody who can put a link on the way to it, symbolic or hard, could have
// root read for them what they cannot: then it must be their own file.
func readVouched(v node.View, at string) ([]byte, error) {
	if err := vouch(v, at); err != nil {
		return nil, err
	}
	return v.ReadFile(at)
}

// vouch is the error that a link on the way to a path may have been planted.
func vouch(v node.View, at string) error {
	if !v.Owners() {
		return nil
	}
	dir, err := v.Lstat("/")
	done, todo := "/", strings.FieldsFunc(at, isSlash)
	planters := map[string]string{} // users other than root, and the links that they can have made
	var end node.State
	for links := 0; err == nil && len(todo) > 0 && links < 40; {
		next := path.Join(done, todo[0])
		todo = todo[1:]
		var s node.State
		if s, err = v.Lstat(next); err != nil {
			return err
		}
		planter := planterOf(dir, s)
		switch {
		case s.Kind == node.Symlink:
			links++
			if planter != "root" {
				planters[planter] = next
			}
			if path.IsAbs(s.Target) {
				done = "/"
			}
			todo = append(strings.FieldsFunc(s.Target, isSlash), todo...)
			dir, err = v.Lstat(done)
			continue
		case s.Kind == node.File && s.Links > 1 && planter != "root":
			planters[planter] = next
		}
		done, dir, end = next, s, s
	}
	for planter, link := range planters {
		if err == nil && end.Kind == node.File && end.Owner != planter {
			return fmt.Errorf("%s may be a link that %s has planted to read a file of %s through it: remove it", link, planter, end.Owner)
		}
	}
	return err
}

func isSlash(r rune) bool { return r == '/' }

// planterOf is the least trusted of those who can have made a link: whoever owns
// it, or the directory that it lies in. A hard link has the owner of its file.
func planterOf(dir, link node.State) string {
	switch {
	case link.Kind == node.Symlink && link.Owner != "root":
		return link.Owner
	case dir.Owner != "root":
		return dir.Owner
	case dir.Mode&0o022 != 0 && (dir.Mode&0o1000 == 0 || link.Kind != node.Symlink):
		return "somebody"
	}
	return "root"
}
