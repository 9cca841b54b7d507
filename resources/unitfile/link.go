package unitfile

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// maxLinks is how many symbolic links may stand on the way to a file.
const maxLinks = 40

// errLinks is given for a path with too many symbolic links, a loop mostly.
var errLinks = errors.New("too many levels of symbolic links")

// resolve returns p with the symbolic links on the way replaced by what they
// point at, the one at the very end only when last is set. Parts that do not
// exist stay as they are.
func resolve(tree Tree, p string, last bool) (string, error) {
	done, todo := "/", steps(p)
	for links := 0; len(todo) > 0; {
		next := path.Join(done, todo[0])
		follow := todo[0] != ".." && (last || len(todo) > 1)
		todo = todo[1:]
		target := ""
		if follow {
			target, _ = tree.Readlink(next)
		}
		if target == "" {
			done = next
			continue
		}
		if links++; links > maxLinks {
			return "", &fs.PathError{Op: "resolve", Path: p, Err: errLinks}
		}
		if path.IsAbs(target) {
			done = "/"
		}
		todo = append(steps(target), todo...)
	}
	return done, nil
}

// steps are the parts of a path that lead somewhere.
func steps(p string) []string {
	return slices.DeleteFunc(strings.Split(p, "/"), func(s string) bool { return s == "" || s == "." })
}

// linkTarget is where the link at p points, one step, with the directories on
// the way resolved. It is "" when p is no link.
func linkTarget(tree Tree, p string) string {
	target, err := tree.Readlink(p)
	if err != nil {
		return ""
	}
	to, err := resolve(tree, absolute(p, target), false)
	if err != nil {
		return ""
	}
	return to
}

// absolute is the target of a link as an absolute path.
func absolute(link, target string) string {
	if path.IsAbs(target) {
		return target
	}
	return path.Dir(link) + "/" + target
}

// trail is p and, if it is a link, every path on the way to where it leads, as
// far as they exist.
func trail(tree Tree, p string) []string {
	var out []string
	for len(out) < maxLinks && p != "" && p != "/dev/null" {
		if _, err := tree.Readlink(p); errors.Is(err, fs.ErrNotExist) {
			break
		}
		out = append(out, p)
		p = linkTarget(tree, p)
	}
	return out
}

// readUnlessMasked returns the content of p, and whether p is a mask: empty,
// or a link to /dev/null (which need not exist in an image).
func readUnlessMasked(tree Tree, p string) (text []byte, masked bool, err error) {
	if isNull(tree, p) {
		return nil, true, nil
	}
	text, err = tree.ReadFile(p)
	return text, err == nil && len(text) == 0, err
}

func isNull(tree Tree, p string) bool {
	to, err := resolve(tree, p, true)
	return err == nil && to == "/dev/null"
}

func isDir(tree Tree, p string) bool {
	_, err := tree.ReadDir(p)
	return err == nil
}

func isLink(tree Tree, p string) bool {
	_, err := tree.Readlink(p)
	return err == nil
}
