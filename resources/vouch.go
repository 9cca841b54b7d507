package resources

import (
	"fmt"

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
	planters := map[string]string{} // users other than root, and the links that they can have made
	var end node.State
	for s, err := range steps(v, at) {
		if err != nil {
			return err
		}
		end = s.state
		if end.Kind == node.Symlink || end.Kind == node.File && end.Links > 1 {
			if planter := planterOf(s.above, end); planter != "root" {
				planters[planter] = s.path
			}
		}
	}
	for planter, link := range planters {
		if end.Kind == node.File && end.Owner != planter {
			return fmt.Errorf("%s may be a link that %s has planted to read a file of %s through it: remove it", link, planter, end.Owner)
		}
	}
	return nil
}

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
