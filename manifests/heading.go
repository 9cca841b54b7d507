package manifests

import (
	"embed"
	"reflect"
	"time"

	"github.com/makenotwork/mnw-agent/resources"
)

// heading is what a manifest says besides its resources.
type heading struct {
	// Version is the version of the language that the manifest is written in: 1.
	Version string `yaml:"version"`
	// Vars are texts and numbers by name. ${vars.NAME} stands for one of them in
	// any value and in any name, other variables included, and $${vars.NAME} for
	// those characters themselves. In the same way ${facts.NAME} stands for what is
	// known of the node: hostname, fqdn, os_id (debian), os_version (12), os_codename
	// (bookworm), arch (amd64), kernel (its release), cpus, machine_id.
	Vars map[string]string `yaml:"vars"`
	// Atomic wants all or nothing: when one resource fails, everything that the run
	// has changed is taken back, as with apply --atomic. Default: false.
	Atomic bool `yaml:"atomic"`
	// Fighting is when a resource counts as one that somebody fights for: drift of it
	// is corrected again and again. From then on it is reported and not corrected,
	// until the manifest changes, or with apply --enforce.
	Fighting Fighting `yaml:"fighting"`
}

// Fighting says how often drift of a resource may be corrected.
type Fighting struct {
	// Corrections is how many corrections make a fight; 0 for never. Default: 3.
	Corrections uint `yaml:"corrections"`
	// Within is the time within which they count. Default: 24h.
	Within resources.Duration `yaml:"within"`
}

// peace is what counts as a fight unless a manifest says otherwise.
var peace = Fighting{Corrections: 3, Within: resources.Duration(24 * time.Hour)}

// metaparameters are what every resource may say, whatever its type.
type metaparameters struct {
	// After names resources that come before this one, such as file:/etc/motd. Most
	// of what must come first follows from the fields and need not be stated: the
	// directories above a path, the owner of a file, what a unit reads.
	After []Ref `yaml:"after,omitempty"`
	// Audit reports a difference and never acts on it. Default: false.
	Audit bool `yaml:"audit,omitempty"`
}

var (
	headingType = reflect.TypeFor[heading]()
	metaType    = reflect.TypeFor[metaparameters]()
)

// headingSource is this file, for the doc comments in it.
//
//go:embed heading.go
var headingSource embed.FS
