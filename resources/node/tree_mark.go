package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// This file tells the agent's own copies of trees from all else. The top of a copy
// has a mark, in an extended attribute that only root can set: what it is a copy of,
// how far it has come, and between which times the two trees were the same. What has
// changed since in either of them has a later ctime.

// A copyMark is the mark of a copy.
type copyMark struct {
	Of    string    `json:"of"`
	Stage copyStage `json:"stage"`
	Begin time.Time `json:"begin"` // what changes in the tree that is copied has a ctime from then on
	End   time.Time `json:"end"`   // what changes in the copy has a later ctime
}

// A copyStage is how far a copy has come.
type copyStage string

// The stages of a copy.
const (
	filling   copyStage = "filling"   // in hiding, behind the tree that it is made of
	copied    copyStage = "copied"    // in its place, and the same when it came there
	lookedOn  copyStage = "settled"   // what came too late was brought as well
	returning copyStage = "returning" // what is newer in it is being brought back
	discarded copyStage = "discarded" // nothing in it is needed
)

// copyAttributes are the attribute, and the one of who has no privileges: without them
// only those of users can be set.
var copyAttributes = []string{"trusted.mnw-agent.copy", "user.mnw-agent.copy"}

func copyAttribute() string {
	if os.Geteuid() == 0 {
		return copyAttributes[0]
	}
	return copyAttributes[1]
}

// copyMarkOf is the mark of a directory that is held open; an empty one when it has none.
func copyMarkOf(fd int) (copyMark, error) {
	text, err := getXattr(fd, copyAttribute())
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) {
		return copyMark{}, nil
	}
	return parseMark(text), err
}

func parseMark(text string) copyMark {
	var mark copyMark
	if json.Unmarshal([]byte(text), &mark) != nil {
		return copyMark{}
	}
	return mark
}

// seenMark is the mark of what a view has at a path.
func seenMark(v View, at string) copyMark {
	if s, err := v.Lstat(at); err != nil || s.Kind != Directory {
		return copyMark{}
	}
	x, err := v.Xattrs(at)
	if err != nil {
		return copyMark{}
	}
	return parseMark(x[copyAttribute()])
}

// CopyOf is the path of the tree that the agent has made the directory at a path of,
// as a copy in its place; "" when it has not. Late says that nobody has looked since
// whether something came too late to be copied.
func CopyOf(v View, at string) (from string, late bool) {
	mark := seenMark(v, at)
	switch mark.Stage {
	case copied, lookedOn, returning:
		return mark.Of, mark.Stage == copied
	}
	return "", false
}

func (m copyMark) set(fd int) error {
	text, err := json.Marshal(m)
	if err == nil {
		err = unix.Fsetxattr(fd, copyAttribute(), text, 0)
	}
	if errors.Is(err, unix.ENOTSUP) {
		return errors.New("its file system has no extended attributes, by which the agent knows its copies: move the tree by hand")
	}
	return err
}

// hiding is where a copy lies until it is complete: beside its place, by a name that
// cron, sudo and systemd pass over.
func hiding(at string) string {
	return path.Join(path.Dir(at), place{name: path.Base(at)}.hidingName())
}

func (p place) hidingName() string { return p.stem() + "copy" }

func (p place) isHiding() bool { return strings.HasSuffix(p.name, place{}.stem()[1:]+"copy") }

// hiding is the place beside p where a copy lies until it is complete.
func (p place) hiding() place {
	return place{dir: p.dir, name: p.hidingName(), path: hiding(p.path)}
}

// openTop opens the directory at a place; -1 when nothing is there.
func (p place) openTop() (int, error) {
	fd, err := unix.Openat(p.dir, p.name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return -1, nil
	}
	if err != nil {
		return -1, fmt.Errorf("%s: %w", p.path, err)
	}
	return fd, nil
}

// openCopy opens the agent's copy of a tree at a place; -1 when nothing is there. What
// is not such a copy is refused, but that one in hiding which has no mark yet goes.
func (p place) openCopy(of string) (int, copyMark, error) {
	fd, err := p.openTop()
	if err != nil || fd < 0 {
		return fd, copyMark{}, err
	}
	mark, err := copyMarkOf(fd)
	if err == nil && mark.Of == "" && p.isHiding() && isNew(fd) == nil {
		unix.Close(fd)
		return -1, mark, unix.Unlinkat(p.dir, p.name, unix.AT_REMOVEDIR)
	}
	if err == nil && mark.Of != of {
		err = fmt.Errorf("%s is in the way: it is not a copy that this agent has made of %s: move it away", p.path, of)
	}
	if err != nil {
		unix.Close(fd)
		return -1, copyMark{}, err
	}
	return fd, mark, nil
}
