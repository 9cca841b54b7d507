package manifests

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/go-multierror"
	"gopkg.in/yaml.v3"
)

// An Error is one thing that is wrong in a manifest.
type Error struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`   // from 1; 0 when the file as a whole is meant
	Column int    `json:"column,omitempty"` // from 1, in characters
	Text   string `json:"text"`
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Text
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
}

// Errors are all the errors of this type that an error holds.
func Errors(err error) []*Error {
	switch e := err.(type) {
	case *Error:
		return []*Error{e}
	case *multierror.Error:
		return slices.Concat(each(e.Errors)...)
	case interface{ Unwrap() []error }:
		return slices.Concat(each(e.Unwrap())...)
	case interface{ Unwrap() error }:
		return Errors(e.Unwrap())
	}
	return nil
}

func each(errs []error) [][]*Error {
	lists := make([][]*Error, len(errs))
	for i, err := range errs {
		lists[i] = Errors(err)
	}
	return lists
}

// problemLimit is how many errors are told. A manifest with more has one cause
// for most of them.
const problemLimit = 1000

// problems is what has been found wrong so far.
type problems struct {
	list    []*Error
	dropped int
}

// textLimit is how long an error is told.
const textLimit = 1000

// found is how many problems there are.
func (p *problems) found() int { return len(p.list) + p.dropped }

func (p *problems) full() bool { return len(p.list) >= problemLimit }

func (p *problems) wrongAt(pos Pos, format string, args ...any) {
	if p.full() {
		p.dropped++
		return
	}
	text := strings.ReplaceAll(strings.TrimSpace(fmt.Sprintf(format, args...)), "\n", "; ")
	if len(text) > textLimit {
		text = strings.ToValidUTF8(text[:textLimit], "") + " …"
	}
	p.list = append(p.list, &Error{pos.File, pos.Line, pos.Column, text})
}

// wrong adds an error at a node, led by the keys that lead to it.
func (l *loader) wrong(n *yaml.Node, format string, args ...any) {
	if len(l.keys) > 0 && !l.full() {
		format, args = "%s: "+format, append([]any{strings.Join(l.keys, ".")}, args...)
	}
	l.wrongAt(l.at(n), format, args...)
}

// err is all problems as one error, or nil.
func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	slices.SortFunc(p.list, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Text, b.Text))
	})
	// What an alias or a merge key repeats is wrong once.
	list := slices.CompactFunc(p.list, func(a, b *Error) bool { return *a == *b })
	all := &multierror.Error{ErrorFormat: onePerLine}
	for _, e := range list {
		all.Errors = append(all.Errors, e)
	}
	if p.dropped > 0 {
		text := fmt.Sprintf("and %d more errors", p.dropped)
		all.Errors = append(all.Errors, &Error{File: list[0].File, Text: text})
	}
	return all
}

func onePerLine(errs []error) string {
	lines := make([]string, len(errs))
	for i, err := range errs {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}
