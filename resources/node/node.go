// Package node is the machine: a View looks at it, a Change acts on it.
//
// Nothing else in the program may write to a node or start a program on it.
// The set of changes is small and closed, so that a plan, which is a list of
// them, can be shown, tried in a preview, performed and taken back, and all
// four agree about what it says.
//
//	View     what can be known: Live reads a machine, a Future is a View with
//	         changes laid over it
//	Change   one step: PathChange, TreeCopy, TreeSync, TreeLook, TreeReturn, TreeMove,
//	         TreeRemoval, UserChange, GroupChange, CrontabChange, ManagerReload,
//	         UnitAction
//	Machine  performs changes, on the running system or on a directory tree
//	Preview  the node as it would be, for the real judges to rule on
package node

import (
	"cmp"
	"errors"
	"fmt"
)

// A Subject is one thing on a node that can be looked at or changed. Two plans
// disturb each other when one changes a subject that the other looked at.
type Subject struct {
	Kind SubjectKind
	Name string // an absolute path, or the name of a user, group or unit
}

// A SubjectKind says what a Subject's name is the name of.
type SubjectKind uint8

// The kinds of subjects.
const (
	OfPath SubjectKind = iota
	OfUser
	OfGroup
	OfCrontab // of the user with that name
	OfUnit    // what systemd runs, not the unit's files
	OfManager // systemd itself; it has no name
)

var subjectKinds = [...]string{"path", "user", "group", "crontab", "unit", "manager"}

func (s Subject) String() string {
	return fmt.Sprintf("%s %s", subjectKinds[s.Kind], s.Name)
}

// A Plan is what turns a node into the one declared: its changes in the order
// in which they must be made. The node is as declared when there are none, and
// nothing else differs.
type Plan struct {
	Changes []Change
	Differs []string // what is not as declared and no change mends, where there are none: full sentences without a full stop. It is drift, whatever was declared before
	Notes   []string // what the reader should know: full sentences without a full stop
	Stale   []Stale  // of the run of a unit: in which ways it runs with an older configuration than the one on disk
}

// A Stale is a way in which a unit runs with an older configuration than the one
// on disk.
type Stale string

// The ways.
const (
	StaleManager     Stale = "manager"     // systemd has not read the unit's files as they are: a daemon-reload is due
	StaleUnit        Stale = "unit"        // the unit file or a drop-in is newer than the process
	StaleEnvironment Stale = "environment" // an environment file is, or has other values
	StaleReads       Stale = "reads"       // a file that the unit is declared to read is
	StaleLoads       Stale = "loads"       // a file that its reload reads is newer than its last load
)

// Stales is all of them.
var Stales = []Stale{StaleManager, StaleUnit, StaleEnvironment, StaleReads, StaleLoads}

// ErrOffline says that the node is a directory tree: nothing runs there.
var ErrOffline = errors.New("not a running system")

// A MovedError says that the node is no longer what a change saw when it was
// planned: the change was not performed.
type MovedError struct {
	Subject Subject
	Saw     string // the state that was planned on
	Found   string // the state that is there now
	Since   string // what left it as it was seen: "run 12"; "" for the plan
}

func (e *MovedError) Error() string {
	since := cmp.Or(e.Since, "the plan was made")
	return fmt.Sprintf("%s has changed since %s: was %s, is %s", e.Subject.Name, since, e.Saw, e.Found)
}
