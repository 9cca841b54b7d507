package resources

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// An Edit is what must be in a file that somebody else owns.
type Edit struct {
	// Lines must each stand in the file as a whole line. One that is missing is
	// added at the end.
	Lines []string `yaml:"lines,omitempty"`
	// Replace is texts that must not be in the file, each with the text that
	// takes its place wherever it stands. A text that is part of its own
	// replacement is left alone where the replacement already stands.
	Replace map[string]string `yaml:"replace,omitempty"`
}

func (e Edit) edits() bool { return len(e.Lines) > 0 || len(e.Replace) > 0 }

// edited is the content of the file at a path with the edits made, and what it
// was before.
func (e Edit) edited(v node.View, at string) (*node.Content, *node.Origin, error) {
	now, err := v.Lstat(at)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case now.Kind == node.File:
		file, err := v.ReadVouched(at)
		if err != nil {
			return nil, nil, err
		}
		text, err := e.apply(file.Content.Bytes())
		return node.NewContent(text), &node.Origin{Path: at, State: file}, err
	case now.Kind == node.Absent && len(e.Replace) > 0:
		return nil, nil, errors.New("there is no file to replace texts in")
	case now.Kind != node.Absent:
		return nil, nil, fmt.Errorf("there is %s in the way, not a file: move it away", now.A())
	}
	text, err := e.apply(nil)
	return node.NewContent(text), nil, err
}

// roundLimit is after how many rounds it is clear that edits never come to rest.
// One is enough for all but what joins with its neighbours, and what is halved
// in each round is soon gone.
const roundLimit = 50

// apply makes the edits in a text, over and over until they change nothing more.
func (e Edit) apply(text []byte) ([]byte, error) {
	most := 0
	for round := range roundLimit {
		replaced := e.replaced(text)
		next := e.lined(replaced)
		if bytes.Equal(replaced, text) && bytes.Equal(next, text) {
			return next, nil
		}
		if text = next; round == 0 {
			most = 2*len(text) + 1<<10
		} else if len(text) > most {
			break
		}
	}
	return nil, errors.New("the edits never come to an end: what one brings in joins with what stands beside it, and is to be edited again")
}

// replaced is a text with each replacement made once.
func (e Edit) replaced(text []byte) []byte {
	for _, old := range slices.Sorted(maps.Keys(e.Replace)) {
		text = replaceAll(text, old, e.Replace[old])
	}
	return text
}

// lined is a text with the lines that it lacks.
func (e Edit) lined(text []byte) []byte {
	if len(e.Lines) == 0 {
		return text
	}
	there := map[string]bool{}
	for line := range bytes.Lines(text) {
		there[string(bytes.TrimRight(line, "\r\n"))] = true
	}
	text = bytes.Clone(text)
	for _, line := range e.Lines {
		if there[line] {
			continue
		}
		there[line] = true
		if len(text) > 0 && text[len(text)-1] != '\n' {
			text = append(text, '\n')
		}
		text = append(append(text, line...), '\n')
	}
	return text
}

// replaceAll replaces old by new wherever old stands, but not where it stands
// as a part of new.
func replaceAll(text []byte, old, new string) []byte {
	inside := strings.Index(new, old)
	switch {
	case old == "": // an error of check
		return text
	case inside < 0:
		return bytes.ReplaceAll(text, []byte(old), []byte(new))
	}
	var out []byte
	for {
		i := bytes.Index(text, []byte(old))
		if i < 0 {
			return append(out, text...)
		}
		if start := i - inside; start >= 0 && bytes.HasPrefix(text[start:], []byte(new)) {
			out = append(out, text[:start+len(new)]...)
			text = text[start+len(new):]
			continue
		}
		out = append(append(out, text[:i]...), new...)
		text = text[i+len(old):]
	}
}

// beside is an error when the whole content is declared as well, in one of some
// fields.
func (e Edit) beside(whole []string, what string) error {
	if len(whole) == 0 || !e.edits() {
		return nil
	}
	return inField(fmt.Errorf("lines and replace edit a %s that somebody else owns: %s says what the whole %[1]s is", what, whole[0]), whole[0])
}

// check examines the edits in themselves.
func (e Edit) check() error {
	var errs []error
	for _, line := range e.Lines {
		switch {
		case strings.ContainsAny(line, "\n\r\x00"):
			errs = append(errs, inField(fmt.Errorf("%q is not one line", line), "lines"))
		case string(e.replaced([]byte(line))) != line:
			errs = append(errs, inField(fmt.Errorf("the line %q holds a text that is to be replaced", line), "lines"))
		}
	}
	for old, new := range e.Replace {
		if old == "" {
			errs = append(errs, inField(errors.New("the text to be replaced is empty"), "replace"))
		}
		for other := range e.Replace {
			if other != old && other != "" && strings.Contains(new, other) {
				errs = append(errs, inField(fmt.Errorf("the replacement of %q brings in %q, which is to be replaced as well", old, other), "replace", old))
			}
		}
	}
	return errors.Join(errs...)
}
