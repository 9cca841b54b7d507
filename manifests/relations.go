package manifests

import (
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
	"gopkg.in/yaml.v3"
)

// relate sorts the entries by id and checks what concerns several of them.
func (l *loader) relate() {
	slices.SortFunc(l.entries, func(a, b Entry) int { return compareIDs(a.ID, b.ID) })
	owners := make(map[node.Subject]*Entry, len(l.entries))
	for i := range l.entries {
		l.references(&l.entries[i])
		l.ownership(&l.entries[i], owners)
	}
	for _, m := range l.mentions {
		l.reference(m.by, m.field, m.ref)
	}
}

// A mention is a resource's id in a field of another one.
type mention struct {
	by    resources.ID
	field string
	ref   Ref
}

func compareIDs(a, b resources.ID) int {
	if a.Type != b.Type {
		return strings.Compare(a.Type, b.Type)
	}
	return strings.Compare(a.Name, b.Name)
}

// declared says whether the entries, which are sorted, have an id.
func (l *loader) declared(id resources.ID) bool {
	_, found := slices.BinarySearchFunc(l.entries, id, func(e Entry, id resources.ID) int { return compareIDs(e.ID, id) })
	return found
}

// ownership makes sure that nothing has two owners.
func (l *loader) ownership(e *Entry, owners map[node.Subject]*Entry) {
	owner, ok := e.Resource.(resources.Owner)
	if !ok {
		return
	}
	for _, subject := range owner.Owns() {
		first, second := owners[subject], e
		if first == nil {
			owners[subject] = e
			continue
		}
		if second.Pos.before(first.Pos) {
			first, second = second, first
		}
		if first != second {
			l.wrongAt(second.Pos, "%s: the %s is declared already: %s at %s", second.ID, subject, first.ID, first.Pos)
		}
	}
}

// references makes sure that what an entry comes after exists.
func (l *loader) references(e *Entry) {
	for _, ref := range e.After {
		if ref.ID == e.ID {
			l.wrongAt(ref.Pos, "after: %s cannot come after itself", e.ID)
			continue
		}
		l.reference(e.ID, "after", ref)
	}
}

// reference makes sure that what a field of a resource refers to exists.
func (l *loader) reference(by resources.ID, field string, ref Ref) {
	switch {
	case ref == Ref{}: // it was no id
	case ref.ID == by:
		l.wrongAt(ref.Pos, "%s: this is %s itself", field, by)
	case l.declared(ref.ID):
	case !slices.Contains(slices.Collect(l.types()), ref.ID.Type):
		l.wrongAt(ref.Pos, "%s: %q is not a type of resources%s", field, ref.ID.Type, l.didYouMean(ref.ID.Type, l.types()))
	default:
		l.wrongAt(ref.Pos, "%s: there is no %s in this manifest%s", field, ref.ID, l.otherID(ref.ID))
	}
}

// decodeRef takes an id, TYPE:NAME, with its position. Whether it exists is
// known only when all resources are.
func decodeRef(l *loader, n *yaml.Node, into reflect.Value) {
	if ref, ok := l.ref(n); ok {
		into.Set(reflect.ValueOf(ref))
	}
}

// decodeID does the same for a field of a resource.
func decodeID(l *loader, n *yaml.Node, into reflect.Value) {
	if ref, ok := l.ref(n); ok {
		into.Set(reflect.ValueOf(ref.ID))
		l.mentions = append(l.mentions, mention{l.by, l.keys[0], ref})
	}
}

func (l *loader) ref(n *yaml.Node) (Ref, bool) {
	if !l.isScalar(n) {
		return Ref{}, false
	}
	kind, name, ok := strings.Cut(n.Value, ":")
	if !ok || kind == "" || name == "" {
		l.wrong(n, "%q is not an id: want TYPE:NAME, such as file:/etc/motd", n.Value)
		return Ref{}, false
	}
	return Ref{resources.ID{Type: kind, Name: name}, l.at(n)}, true
}

// types is the names of the types of resources.
func (l *loader) types() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, t := range l.sections {
			if !yield(t.Name) {
				return
			}
		}
	}
}

// otherID suggests an id for one that does not exist: the same name under
// another type, or else the nearest of the same type.
func (l *loader) otherID(id resources.ID) string {
	for _, t := range slices.Sorted(l.types()) {
		other := resources.ID{Type: t, Name: id.Name}
		if l.declared(other) {
			return fmt.Sprintf(": did you mean %q?", other)
		}
	}
	return l.didYouMean(id.String(), func(yield func(string) bool) {
		for i := range l.entries {
			e := l.entries[i].ID
			if gap := len(e.Name) - len(id.Name); e.Type == id.Type && gap <= 3 && -gap <= 3 && !yield(e.String()) {
				return
			}
		}
	})
}
