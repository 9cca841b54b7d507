// Package resources is what can be managed on a node: a file named after each type,
// with others beside it where there is more to it (retired.go, census_*.go), and
// all.go, the list of them.
//
// A type is a struct whose fields are what a manifest may say, with doc
// comments that `mnw-agent explain` prints, and a method Plan that compares
// the declaration with a view of a node and returns the changes that make them
// agree. It never acts: a View has no way to, and changes are performed by the
// engine. What not every type has is a one-method interface of this file.
package resources

import (
	"context"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A Resource is one thing that a manifest wants on a node.
type Resource interface {
	// Plan returns what turns the node that v shows into the one declared, no
	// changes when they agree, and notes for the reader. It cannot write: a
	// View has no way to.
	Plan(ctx context.Context, v node.View) (node.Plan, error)
}

// An ID names a resource in a manifest, a report and a metric: `file:/etc/motd`.
type ID struct {
	Type string // the section's singular
	Name string
}

func (id ID) String() string { return id.Type + ":" + id.Name }

// An Owner decides alone about some subjects. A manifest in which two
// resources own the same subject is wrong; what needs a subject comes after
// its owner. A path is owned with its place: it needs the owner of the nearest
// directory above.
type Owner interface{ Owns() []node.Subject }

// A Needer must come after the owners of some subjects, beyond those that its
// fields of type UserName and GroupName name.
type Needer interface{ Needs() []node.Subject }

// A Departer may be declared absent: then what needs it goes before it.
type Departer interface{ Departs() bool }

// A Lingerer that goes away goes as late as the order permits: others may be using it,
// though nothing says so.
type Lingerer interface{ Lingers() Farewell }

// A Farewell is how late a Lingerer goes.
type Farewell uint8

// The farewells, the latest one last.
const (
	AfterRuns  Farewell = iota // when what systemd runs is as declared
	AfterUsers                 // and the users have gone
	AfterAll                   // and nothing else is left to go
)

// A Checker examines its own fields, once, when a manifest is loaded. It needs
// no node. Its errors are FieldErrors, joined, where they concern one field.
type Checker interface{ Check() error }

// A Judged resource has judges: programs that rule on the node as it would be.
// It is asked with the complete future, and judged when a planned change
// touches what a judge reads, also when its own plan is empty.
type Judged interface {
	Judges(v node.View) ([]node.Judge, error)
}

// An Examiner has conditions on the complete future that no order of planning
// can promise, such as that a user can reach a directory. It is asked after
// the last plan, and an error stops the run before the first write.
type Examiner interface {
	Examine(ctx context.Context, v node.View) error
}

// A Remarker is an Examiner that has also something to say which stops nothing. It is
// asked for both at once where both are told.
type Remarker interface {
	Remark(v node.View) (remarks []string, err error)
}

// A Neighbour wants to know what else a manifest declares. It is told before anything is
// planned, in each run anew.
type Neighbour interface{ Meets(all []Resource) }

// An Importer fills its declaration in from a node as it is, so that nothing is left
// to plan there. What it leaves out that a reader would look for, and why, is in the
// notes. Nothing that may be a secret is declared. The error says why there is nothing
// to import.
type Importer interface {
	Import(v node.View) (notes []string, err error)
}

// A Secretive resource declares texts that must not show anywhere. The engine
// takes them out of every message, whoever wrote it.
type Secretive interface{ Conceals() []string }

// A Latecomer finds its place on the node only by looking, as a user's file does
// in the user's home: it is planned after all whose places are known.
type Latecomer interface{ Latecomes() }

// A Prober is asked, before the first change and after the last, whether
// something works. Within is how long after the last change it may take until
// it does.
type Prober interface {
	Probe() (p node.Probe, within time.Duration)
}

// A Bounded resource bears being away for so long in a run, and no longer: then the
// run is taken back. 0 is for as long as it takes.
type Bounded interface{ Bears() time.Duration }

// A Feeder is read by units when they start. What it feeds and nobody declared
// is told to the reader when it changes.
type Feeder interface {
	Feeds(v node.View) (units []string, err error)
}

// A ByLine resource manages lines of its own in a text, each of which stands for
// itself, between those of others: what others have put there since stays when its
// own lines are taken back.
type ByLine interface{ ByLine() }

// A Filler takes the content of files beside the manifest into its fields, once,
// when a manifest is loaded.
type Filler interface {
	Fill(Sources) error
}

// Sources are the files beside a manifest. Errors name the file.
type Sources interface {
	// Read is the content of a file beside the manifest, or at an absolute path.
	// The same name gives the same content, read once.
	Read(name string) (*node.Content, error)
	// Render is a Go text/template with .vars and .facts; a missing key is an error.
	Render(name, text string) (*node.Content, error)
}

// A Runner concerns what systemd runs: each unit that any resource names here
// gets one implied resource, its Run.
type Runner interface {
	Runs() []RunNeed
}

// A RunNeed is what one resource asks of the run of a unit.
type RunNeed struct {
	Unit string
	// Declared is the unit's own declaration; nil when another resource needs it.
	Declared *Unit
	// Stopped is the resources that must not change while the unit runs.
	Stopped []ID
	// Loads tells the files that the unit's reload reads, such as a Caddyfile and
	// what it imports; nil when there are none.
	Loads func(node.View) []string
}

// A FieldError is an error in one field of a resource. Field is the keys that
// lead to it below the resource's name: ["mode"], ["jobs", "backup", "schedule"].
type FieldError struct {
	Field []string
	Err   error
}

func (e *FieldError) Error() string { return e.Err.Error() }
func (e *FieldError) Unwrap() error { return e.Err }

// judgeLimit is how long a judge may take.
const judgeLimit = 30 * time.Second
