package agent

import (
	"slices"
	"strconv"
	"strings"
)

// without is what takes secrets out of a text.
func without(secrets []string) func(string) string {
	h := newHider(secrets)
	if len(h.forms) == 0 {
		return func(text string) string { return text }
	}
	return h.hide
}

// A hider finds secrets in texts, all in one pass.
type hider struct {
	forms   []string // all that a text may show of the secrets, sorted
	shorter []int    // for each the longest other one that it begins with, or -1
	begins  [256]bool
}

func newHider(secrets []string) *hider {
	h := &hider{}
	for _, secret := range secrets {
		h.forms = append(h.forms, formsOf(secret)...)
	}
	slices.Sort(h.forms)
	h.forms = slices.Compact(h.forms)
	var open []int // those that the one at hand may begin with, each with the one before it
	for i, form := range h.forms {
		for len(open) > 0 && !strings.HasPrefix(form, h.forms[open[len(open)-1]]) {
			open = open[:len(open)-1]
		}
		h.shorter = append(h.shorter, -1)
		if len(open) > 0 {
			h.shorter[i] = open[len(open)-1]
		}
		open = append(open, i)
		h.begins[form[0]] = true
	}
	return h
}

// formsOf is what becomes of a secret in a text: it is quoted, its blanks are
// made one, or a line of it stands alone. What is short stands in texts by chance,
// and stays.
func formsOf(secret string) []string {
	const short = 4
	var forms []string
	for _, part := range append(strings.Split(secret, "\n"), secret) {
		quoted := strconv.Quote(part)
		for _, form := range []string{strings.TrimSpace(part), oneLine(part), strings.TrimSpace(quoted[1 : len(quoted)-1])} {
			if len(form) >= short {
				forms = append(forms, form)
			}
		}
	}
	return forms
}

const hiddenMark = "(hidden)"

// hide puts a mark in the place of every stretch of a text that is a secret, or
// of several that overlap.
func (h *hider) hide(text string) string {
	var out strings.Builder
	shown, hidden := 0, -1 // where the rest begins, and where the last stretch ends
	for i := range len(text) {
		n := h.at(text[i:])
		if n == 0 {
			continue
		}
		if i > hidden {
			out.WriteString(text[shown:i])
			out.WriteString(hiddenMark)
		}
		hidden = max(hidden, i+n)
		shown = hidden
	}
	out.WriteString(text[shown:])
	return out.String()
}

// at is the length of the longest form that a text begins with, 0 for none.
func (h *hider) at(text string) int {
	if !h.begins[text[0]] {
		return 0
	}
	i, is := slices.BinarySearch(h.forms, text)
	if !is {
		i--
	}
	for ; i >= 0; i = h.shorter[i] {
		if strings.HasPrefix(text, h.forms[i]) {
			return len(h.forms[i])
		}
	}
	return 0
}
