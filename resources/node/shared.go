package node

import "strings"

// Shared says whether others had changed a file or a crontab between two changes
// that were made of it, in a way that stands after the second one: what they come
// to holds lines that are not ours, or has lost some that others took out. To take
// it back would take theirs along.
func Shared(before, next Change) bool {
	switch a := before.(type) {
	case *PathChange:
		if b, ok := next.(*PathChange); ok && a.To.Kind == File && b.From.Kind == File && b.To.Kind == File {
			return shared(a.From.Content, a.To.Content, b.From.Content, b.To.Content)
		}
	case *CrontabChange:
		if b, ok := next.(*CrontabChange); ok && a.To != nil && b.From != nil && b.To != nil {
			return shared(a.From, a.To, b.From, b.To)
		}
	}
	return false
}

// shared compares what was there at first, what we had left, what we found, and
// what we make of it.
func shared(first, left, found, made *Content) bool {
	if left == nil || found == nil || made == nil || left.Equal(found) {
		return false
	}
	at := lineSet(left)
	was, is, then := lineSet(first), lineSet(found), lineSet(made)
	for line := range is {
		if !at[line] && then[line] && !was[line] {
			return true // theirs, and kept
		}
	}
	for line := range at {
		if !is[line] && !then[line] && was[line] {
			return true // taken out by them, and it would come back
		}
	}
	return false
}

func lineSet(c *Content) map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(string(bytesOf(c))) {
		if line = strings.TrimSpace(line); line != "" {
			set[line] = true
		}
	}
	return set
}

// Edits says whether a change is one of content that was there and stays.
func Edits(c Change) bool {
	switch c := c.(type) {
	case *PathChange:
		return c.From.Kind == File && c.To.Kind == File && c.From.Content != nil && c.To.Content != nil
	case *CrontabChange:
		return c.From != nil && c.To != nil
	}
	return false
}

// Halfway says whether the node shows a change that makes something new and was cut
// short: a directory that has not the right owner and mode yet, or the own group of a
// user who is not there.
func Halfway(v View, c Change) bool {
	switch c := c.(type) {
	case *PathChange:
		return c.From.Kind == Absent && c.To.Kind == Directory
	case *UserChange:
		_, there := v.User(c.Name)
		return !c.From.Present && c.To.OwnGroup != nil && !there
	}
	return false
}
