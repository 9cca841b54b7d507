package sudoers

import "strings"

// list takes a list of users, groups or hosts: elements with commas between them.
func (s *scanner) list() (list List, ok bool) {
	for {
		item, ok := s.item()
		if !ok {
			return nil, false
		}
		list = append(list, item)
		if !s.sign(',') {
			return list, true
		}
	}
}

func (s *scanner) item() (item Item, ok bool) {
	item.Not = s.nots()
	s.skip()
	if s.peek() == '"' {
		item.Text, ok = s.quoted()
		item.Kind = Name
		item.marked()
		return item, ok
	}
	item.Text, ok = s.itemWord()
	switch {
	case item.Text == "ALL":
		item.Kind = Any
	case aliasName(item.Text):
		item.Kind = Alias
	default:
		item.Kind = Name
		item.marked()
	}
	return item, ok && item.Text != ""
}

// itemWord takes a word with the signs that it may begin with. Numbers have one
// that is a comment's elsewhere, and addresses have colons.
func (s *scanner) itemWord() (string, bool) {
	start := s.at
	marks := ""
	for _, mark := range []string{"%", ":", "#"} {
		if strings.HasPrefix(s.rest(), mark) && (mark != ":" || marks == "%") {
			marks += mark
			s.at++
		}
	}
	if n := address(s.rest()); n > 0 && marks == "" {
		s.at += n
		return s.text[start:s.at], true
	}
	word, ok := s.word(wordEnds)
	return marks + word, ok
}

// address is the length of an IPv6 address or network at the start of a text.
func address(text string) int {
	n := len(text) - len(strings.TrimLeft(text, "0123456789abcdefABCDEF:./"))
	if strings.Count(text[:n], ":") < 2 || strings.HasSuffix(text[:n], ":") && !strings.HasSuffix(text[:n], "::") {
		return 0
	}
	return n
}

// marked tells an item by the signs that it begins with.
func (i *Item) marked() {
	for _, mark := range []struct {
		sign string
		kind ItemKind
	}{{"%#", GroupID}, {"%:", Foreign}, {"%", Group}, {"+", Foreign}, {"#", ID}} {
		if text, ok := strings.CutPrefix(i.Text, mark.sign); ok {
			i.Kind = mark.kind
			if mark.kind != Foreign {
				i.Text = text
			}
			return
		}
	}
}

// aliasName says whether a word is one that an alias can have.
func aliasName(word string) bool {
	for i := range len(word) {
		c := word[i]
		if (c < 'A' || c > 'Z') && (i == 0 || !digit(c) && c != '_') {
			return false
		}
	}
	return word != ""
}
