package agent

import (
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources"
)

// blame parts the complaints of a judge among the steps that asked it. Each gets
// the lines that mention what it is about, with the lines below them that mention
// nothing; everyone gets all when no line mentions anything.
func blame(complaints []string, askers []hearing) map[*step][]string {
	shares := map[*step][]string{}
	var preamble []string
	var concerned []*step
	for _, line := range complaints {
		if named := mentioned(line, askers); named != nil {
			concerned = named
		}
		if concerned == nil {
			preamble = append(preamble, line)
		}
		for _, s := range concerned {
			if shares[s] == nil {
				shares[s] = slices.Clone(preamble)
			}
			shares[s] = append(shares[s], line)
		}
	}
	if concerned == nil {
		for _, h := range askers {
			shares[h.step] = complaints
		}
	}
	return shares
}

// mentioned is the steps whose names or paths stand in a line.
func mentioned(line string, askers []hearing) []*step {
	var steps []*step
	for _, h := range askers {
		names := slices.Clone(h.judge.Named)
		if owner, ok := h.step.resource.(resources.Owner); ok {
			for _, subject := range owner.Owns() {
				names = append(names, subject.Name)
			}
		}
		if slices.ContainsFunc(names, func(name string) bool { return mentions(line, name) }) {
			steps = append(steps, h.step)
		}
	}
	return steps
}

// mentions says whether a name stands in a text, and not as a part of a longer
// one.
func mentions(text, name string) bool {
	longer := func(c byte) bool {
		return c == '-' || c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
	}
	for at := 0; name != ""; {
		next := strings.Index(text[at:], name)
		if next < 0 {
			return false
		}
		start, end := at+next, at+next+len(name)
		if (start == 0 || !longer(text[start-1])) && (end == len(text) || !longer(text[end])) {
			return true
		}
		at = start + 1
	}
	return false
}
