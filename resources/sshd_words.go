package resources

import "strings"

// sshd takes a line apart in two ways: the keyword, and all words of a Match, as
// in its strdelim; the arguments of other keywords as in its argv_split.

const sshdBlanks = " \t\r\n"

// sshdWords is the keyword and the arguments of a line, up to a comment; nothing
// when a quote is not closed, for which sshd refuses the whole file.
func sshdWords(line string) []string {
	keyword, rest, _ := sshdWord(strings.Trim(line, sshdBlanks+"\f"))
	if keyword == "" {
		keyword, rest, _ = sshdWord(rest)
	}
	if keyword == "" || keyword[0] == '#' {
		return nil
	}
	split := sshdArguments
	if strings.EqualFold(keyword, "match") {
		split = sshdCriteria
	}
	args, ok := split(rest)
	if !ok {
		return nil
	}
	return append([]string{keyword}, args...)
}

// sshdWord cuts a word off: up to a blank or one =, or to the end of a stretch in
// double quotes.
func sshdWord(s string) (word, rest string, ok bool) {
	end := strings.IndexAny(s, sshdBlanks+`"=`)
	if end < 0 {
		return s, "", true
	}
	if s[end] == '"' {
		quoted, rest, closed := strings.Cut(s[end+1:], `"`)
		return s[:end] + quoted, strings.TrimLeft(rest, sshdBlanks), closed
	}
	rest = strings.TrimLeft(s[end+1:], sshdBlanks)
	if s[end] != '=' && strings.HasPrefix(rest, "=") {
		rest = strings.TrimLeft(rest[1:], sshdBlanks)
	}
	return s[:end], rest, true
}

func sshdCriteria(s string) (words []string, ok bool) {
	for s != "" {
		word, rest, ok := sshdWord(s)
		if !ok {
			return nil, false
		}
		if word == "" || word[0] == '#' {
			break
		}
		words, s = append(words, word), rest
	}
	return words, true
}

// sshdArguments are words with stretches in quotes of either kind, in which a
// backslash quotes a quote or itself, and outside of them a space too.
func sshdArguments(s string) (words []string, ok bool) {
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" || s[0] == '#' {
			return words, true
		}
		word, length, ok := sshdArgument(s)
		if !ok {
			return nil, false
		}
		words, s = append(words, word), s[length:]
	}
}

// sshdArgument is the first word of s, and how long it is there.
func sshdArgument(s string) (word string, length int, ok bool) {
	var b strings.Builder
	quote := byte(0)
	i := 0
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s) && (strings.IndexByte(`'"\`, s[i+1]) >= 0 || quote == 0 && s[i+1] == ' '):
			i++
			b.WriteByte(s[i])
		case quote == 0 && (c == ' ' || c == '\t'):
			return b.String(), i, true
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), i, quote == 0
}
