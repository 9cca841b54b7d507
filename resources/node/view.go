package node

import (
	"context"
	"io"
	"time"
)

// A View is a read-only look at a node. Paths are absolute. A View is safe for
// use by several goroutines.
type View interface {
	// Lstat tells what lies at path, without its content. Symlinks above the
	// last step are followed. That nothing is there is a State, not an error.
	Lstat(path string) (State, error)
	// ReadFile is the content of the file at path, symlinks followed; an error
	// that is fs.ErrNotExist when there is none.
	ReadFile(path string) ([]byte, error)
	// Open is the content of the file at path as ReadFile has it, to be read bit by
	// bit.
	Open(path string) (io.ReadCloser, error)
	// Digest is the SHA-256 of the content of the file at path, as ReadFile has it. A
	// file is not read again that has not changed since it was.
	Digest(ctx context.Context, path string) (Digest, error)
	// ReadVouched is the file at path with its content, to go on into another place
	// or to be shown. Symlinks are followed, but a link, symbolic or hard, that
	// somebody other than root and the owner of the file can have planted is a
	// *PlantedError or another error. The file comes with a *PlantedError of a
	// hard link, for who is to remove the name: it may be kept, and go nowhere.
	ReadVouched(path string) (State, error)
	// Holds says whether the file at path, not a symlink, holds exactly content.
	Holds(path string, content []byte) (bool, error)
	// Readlink is the target of the symlink at path, as it is written.
	Readlink(path string) (string, error)
	// Xattrs are the extended attributes of the file or directory at path, not a
	// symlink; nil for anything else.
	Xattrs(path string) (Xattrs, error)
	// ReadDir is the sorted names in the directory at path.
	ReadDir(path string) ([]string, error)

	// MountBelow is where something is mounted, at the directory at path or below
	// it; "" when nothing is.
	MountBelow(path string) (string, error)
	// Mounts is what is mounted, and Processes what runs now, this program left out;
	// ErrOffline for a tree.
	Mounts() ([]Mount, error)
	Processes() ([]Process, error)
	// Symlinks is the symlinks on local disks, by path, but for those below some
	// directories. It is not complete where there is more than a machine is searched
	// for.
	Symlinks(except []string) (links []Link, complete bool)
	// Measure is how much there is in the directory at path.
	Measure(path string) (TreeSize, error)
	// Holders is the processes that keep the home of a user from being moved, by pid;
	// without a home, those of the user alone.
	Holders(user, home string) ([]Holder, error)

	// Permits is what the kernel says of a user's permission on what lies at path, a
	// symlink not followed: one octal digit, as in a mode, all of it wanted. It is not
	// known of what is only planned, of a user who is, and in a tree.
	Permits(user, path string, permission Mode) (permitted, known bool)

	// User and Group look a name up in passwd(5) and group(5).
	User(name string) (User, bool)
	Group(name string) (Group, bool)

	// Crontab is the table of a user as crontab -l shows it; ok is false when
	// the user has none.
	Crontab(user string) (text []byte, ok bool, err error)

	// Unit is what systemd says of a unit now, and Manager what it says of
	// itself; ErrOffline where there is no systemd to ask.
	Unit(name string) (Unit, error)
	Manager() (Manager, error)
	// Dependents is the units that run now and that systemd stops when it stops the
	// unit, sorted.
	Dependents(unit string) ([]string, error)
	// Environ is the environment a process was started with.
	Environ(pid int) ([]string, error)

	// Now is the time at which the node is looked at.
	Now() time.Time
	// Owners says whether owners are known and can be changed here; without
	// privileges they are neither.
	Owners() bool

	// With is this view with changes laid over it.
	With(changes ...Change) View
}

// A User is a line of passwd(5) with the groups it is in. Ids are -1 while a
// user is only planned.
type User struct {
	Name    string
	UID     int
	GID     int
	Group   string // the primary group's name
	Comment string
	Home    string
	Shell   string
	Groups  []string // supplementary groups, sorted
}

// A Group is a line of group(5).
type Group struct {
	Name    string
	GID     int
	Members []string
}

// A Mount is a place where something is mounted.
type Mount struct {
	Point  string
	Source string // what is: of a bind mount the path, as far as it is known, or a device
	Kind   string // of the file system
}

// A Process is one that runs. What cannot be looked at is empty.
type Process struct {
	PID    int
	Hidden bool // it may not be looked at
	Name   string
	Exe    string   // its program
	Cwd    string   // its working directory
	Root   string   // its root directory
	Files  []string // that it has open
	Maps   []string // files that it has mapped
	Args   []string
	Env    []string // that it was started with, KEY=value
	Cut    bool     // there is more than is kept of files, arguments and environment
}

// A Link is a symlink by its path, which has no symlinks above it.
type Link struct{ Path, Target string }
