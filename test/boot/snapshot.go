package boot

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Snapshot is a node's file tree at one time: absolute path to what is there.
type Snapshot map[string]Entry

// An Entry is what a Snapshot keeps of one file. Size and Sum are of regular
// files only, Target of links only. Access times are not kept: looking is no
// change.
type Entry struct {
	Mode         fs.FileMode // kind and permissions
	UID, GID     uint32
	Size         int64
	Mtime, Ctime time.Time
	Target       string
	Sum          string // SHA-256, hexadecimal
	Xattrs       string // of files and directories: names and values, ACLs among them
}

// unstable is what a Snapshot never has: kernel, memory, scratch.
var unstable = []string{"/proc", "/sys", "/dev", "/run", "/tmp"}

// Snapshot looks at every file of the node, except at and below /proc, /sys,
// /dev, /run, /tmp and the given directories. On an overlay, the first change
// in a directory of the image also gives the directory above a new ctime.
func (c *Container) Snapshot(except ...string) (Snapshot, error) {
	return Look(c.Root(), append(slices.Clone(unstable), except...)...)
}

// Look is a snapshot of any tree: of the files below the directory root, which
// may be "" for /, except the given paths and what is below them.
func Look(root string, except ...string) (Snapshot, error) {
	snapshot := Snapshot{}
	err := filepath.WalkDir(root+"/", func(at string, d fs.DirEntry, err error) error {
		name := "/" + strings.Trim(strings.TrimPrefix(at, root), "/")
		switch excepted := slices.Contains(except, name); {
		case excepted && d.IsDir():
			return fs.SkipDir
		case excepted:
			return nil
		}
		if err == nil {
			snapshot[name], err = look(at)
		}
		if errors.Is(err, fs.ErrNotExist) { // it went while we looked
			delete(snapshot, name)
			return nil
		}
		return err
	})
	return snapshot, err
}

func look(file string) (Entry, error) {
	info, err := os.Lstat(file)
	if err != nil {
		return Entry{}, err
	}
	stat := info.Sys().(*syscall.Stat_t)
	entry := Entry{
		Mode: info.Mode(), UID: stat.Uid, GID: stat.Gid,
		Mtime: time.Unix(stat.Mtim.Unix()), Ctime: time.Unix(stat.Ctim.Unix()),
	}
	switch entry.Mode.Type() {
	case fs.ModeSymlink:
		entry.Target, err = os.Readlink(file)
	case fs.ModeDir:
		entry.Xattrs, err = xattrs(file)
	case 0:
		entry.Size = info.Size()
		if entry.Xattrs, err = xattrs(file); err == nil {
			entry.Sum, err = sum(file)
		}
	}
	return entry, err
}

// xattrs is the extended attributes of a file as text, in order.
func xattrs(file string) (string, error) {
	var names, value [64 << 10]byte // as long as they can be
	n, err := unix.Llistxattr(file, names[:])
	if err != nil || n == 0 {
		return "", orNone(err)
	}
	var all []string
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names[:n]), "\x00"), "\x00") {
		n, err := unix.Lgetxattr(file, name, value[:])
		if err != nil {
			return "", orNone(err)
		}
		all = append(all, fmt.Sprintf("%s=%x", name, value[:n]))
	}
	slices.Sort(all)
	return strings.Join(all, " "), nil
}

// orNone is the error, but for a file system without attributes.
func orNone(err error) error {
	if errors.Is(err, unix.ENOTSUP) {
		return nil
	}
	return err
}

func sum(file string) (string, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", hash.Sum(nil)), nil
}

// timed is the agent's mark on the copy of a tree, which tells when it was made.
var timed = regexp.MustCompile(` ?(trusted|user)\.mnw-agent\.copy=[0-9a-f]*`)

// WithoutTimes is the snapshot with no times in it, for what is undone: the
// content comes back, the times do not.
func (s Snapshot) WithoutTimes() Snapshot {
	timeless := Snapshot{}
	for name, entry := range s {
		entry.Mtime, entry.Ctime = time.Time{}, time.Time{}
		entry.Xattrs = timed.ReplaceAllString(entry.Xattrs, "")
		timeless[name] = entry
	}
	return timeless
}

// Diff is how the tree after differs from s, one line per file that came (+),
// went (-) or changed (~), in order of their paths; "" when nothing did.
func (s Snapshot) Diff(after Snapshot) string {
	paths := maps.Clone(s)
	maps.Copy(paths, after)
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		was, had := s[name]
		is, has := after[name]
		switch {
		case !had:
			fmt.Fprintf(&text, "+ %s %s\n", name, is)
		case !has:
			fmt.Fprintf(&text, "- %s %s\n", name, was)
		case was != is:
			fmt.Fprintf(&text, "~ %s %s\n", name, was.changes(is))
		}
	}
	return text.String()
}

func (e Entry) String() string {
	text := fmt.Sprintf("%s %d:%d", e.Mode, e.UID, e.GID)
	switch {
	case e.Target != "":
		text += " -> " + e.Target
	case e.Sum != "":
		text += fmt.Sprintf(" %d bytes", e.Size)
	}
	return text
}

// changes names each thing in which now differs from e.
func (e Entry) changes(now Entry) string {
	var found []string
	compare := func(what string, was, is any) {
		if was != is {
			found = append(found, fmt.Sprintf("%s %v => %v", what, was, is))
		}
	}
	const clock = "15:04:05.000000000"
	compare("mode", e.Mode, now.Mode)
	compare("uid", e.UID, now.UID)
	compare("gid", e.GID, now.GID)
	compare("target", e.Target, now.Target)
	compare("size", e.Size, now.Size)
	compare("sha256", e.Sum, now.Sum)
	compare("attributes", e.Xattrs, now.Xattrs)
	compare("mtime", e.Mtime.Format(clock), now.Mtime.Format(clock))
	compare("ctime", e.Ctime.Format(clock), now.Ctime.Format(clock))
	return strings.Join(found, ", ")
}
