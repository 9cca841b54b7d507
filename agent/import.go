package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/go-multierror"

	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// An Imported is a manifest of what is on a node.
type Imported struct {
	Manifest []byte
	Notes    []ImportNote // what it leaves out, and why
	Plan     *Report      // of the manifest, on that node: it has converged, unless there is something that no declaration can say
}

// An ImportNote is what the reader of an imported declaration should know.
type ImportNote struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Import makes a manifest of resources as they are on a node, and plans it there. The
// error is a manifests.Error for each id that names nothing that can be imported, or
// says what is not on the node.
func Import(ctx context.Context, ids []string, o Options) (*Imported, error) {
	entries, err := importable(ids)
	if err != nil {
		return nil, err
	}
	o = o.withDefaults()
	machine, err := node.Open(o.Root)
	if err != nil {
		return nil, err
	}
	defer machine.Close()
	im := new(Imported)
	if err := cmp.Or(im.read(entries, machine.View()), shared(entries)); err != nil {
		return nil, err
	}
	if im.Manifest, err = manifests.Encode(entries); err != nil {
		return nil, err
	}
	m, err := manifests.Parse(importName, im.Manifest, manifests.Options{})
	if err != nil {
		return nil, err
	}
	im.Plan, err = Plan(ctx, m, o)
	return im, err
}

// Misses is what the plan of the manifest finds to differ: what no declaration can say.
func (im *Imported) Misses() []ImportNote {
	misses := []ImportNote{}
	for i := range im.Plan.Resources {
		if one := &im.Plan.Resources[i]; one.Outcome != OutcomeOK {
			misses = append(misses, ImportNote{one.ID, cmp.Or(why(one), string(one.Outcome))})
		}
	}
	return misses
}

// importName stands for the manifest that is made, in messages.
const importName = "imported.yaml"

// importable is a bare declaration of each id, each once.
func importable(ids []string) ([]manifests.Entry, error) {
	var entries []manifests.Entry
	var errs *multierror.Error
	for _, text := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		id := parseID(text)
		e := manifests.Entry{ID: id, Resource: resources.New(id)}
		if e.Resource == nil || id.Name == "" {
			errs = multierror.Append(errs, &manifests.Error{File: text, Text: "it is no id: want the name of a type and that of a resource, such as file:/etc/motd (see mnw-agent explain)"})
			continue
		}
		if _, ok := e.Resource.(resources.Importer); !ok {
			errs = multierror.Append(errs, &manifests.Error{File: text, Text: "what is wanted of a " + id.Type + " cannot be read from a node"})
			continue
		}
		if err := alone(e); err != nil {
			errs = multierror.Append(errs, &manifests.Error{File: text, Text: err.Error()})
			continue
		}
		entries = append(entries, e)
	}
	return entries, errs.ErrorOrNil()
}

// alone is what is wrong with a declaration, be it no more than a name.
func alone(e manifests.Entry) error {
	text, err := manifests.Encode([]manifests.Entry{e})
	if err == nil {
		_, err = manifests.Parse(importName, text, manifests.Options{})
	}
	if errs := manifests.Errors(err); len(errs) > 0 {
		return errors.New(errs[0].Text)
	}
	return err
}

// read fills the declarations in.
func (im *Imported) read(entries []manifests.Entry, v node.View) error {
	var errs []error
	for i := range entries {
		e := &entries[i]
		notes, err := e.Resource.(resources.Importer).Import(v)
		if err == nil {
			err = alone(*e)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", e.ID, err))
		}
		for _, note := range notes {
			im.Notes = append(im.Notes, ImportNote{e.ID.String(), note})
		}
		e.Comments = notes
	}
	return errors.Join(errs...)
}

// shared is an error for each thing that two of the declarations would own.
func shared(entries []manifests.Entry) error {
	var errs *multierror.Error
	owners := map[node.Subject]resources.ID{}
	for _, e := range entries {
		owner, ok := e.Resource.(resources.Owner)
		if !ok {
			continue
		}
		for _, subject := range owner.Owns() {
			if first, taken := owners[subject]; taken {
				errs = multierror.Append(errs, &manifests.Error{File: e.ID.String(), Text: fmt.Sprintf("the %s would be declared by %s as well: import one of the two", subject, first)})
			}
			owners[subject] = e.ID
		}
	}
	return errs.ErrorOrNil()
}
