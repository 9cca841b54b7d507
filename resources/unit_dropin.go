package resources

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A DropIn is a drop-in file of a unit.
type DropIn struct {
	Text `yaml:",inline"`
	// State is whether it should be there. Default: present.
	State Presence `yaml:"state,omitempty"`
}

// UnmarshalText takes a drop-in that is written as its mere content.
func (d *DropIn) UnmarshalText(text []byte) error {
	content := string(text)
	d.Content = &content
	return nil
}

// dropInName is what is taken for the name of a drop-in.
var dropInName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9:_.@-]*$`) })

func (u *Unit) checkDropIn(name string) error {
	d := u.DropIns[name]
	plain, suffixed := strings.CutSuffix(name, ".conf")
	_, twice := u.DropIns[plain]
	switch {
	case !dropInName().MatchString(name):
		return fmt.Errorf("%q is not a name for a drop-in", name)
	case suffixed && twice:
		return fmt.Errorf("it is the same file as %s", plain)
	case d == nil || len(d.declared()) == 0 && !d.State.Departs():
		return errors.New("the drop-in has no content, source or template")
	}
	return atMostOne(d.declared())
}

// contents is the declared unit file and drop-ins.
func (u *Unit) contents() []*node.Content {
	contents := []*node.Content{u.bytes}
	for _, name := range slices.Sorted(maps.Keys(u.DropIns)) {
		if text := u.DropIns[name]; text != nil {
			contents = append(contents, text.bytes)
		}
	}
	return slices.DeleteFunc(contents, func(c *node.Content) bool { return c == nil })
}
