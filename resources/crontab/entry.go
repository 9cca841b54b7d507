package crontab

import "strings"

// An entry is a command line of a table, taken apart.
type entry struct {
	schedule string // its fields with one space between them
	command  string // as it stands in the table, escaped
}

func (j Job) entry() entry {
	return entry{strings.Join(splitBlanks(j.Schedule), " "), escape(j.Command)}
}

// readEntry takes one line apart; ok is false when it is no schedule with a
// command after it. Whether the schedule is a right one it does not ask.
func readEntry(text string) (e entry, ok bool) {
	rest := strings.TrimLeft(strings.TrimSuffix(text, "\n"), " \t")
	if rest == "" || rest[0] == '#' {
		return entry{}, false
	}
	words := make([]string, len(fields))
	if rest[0] == '@' {
		words = words[:1]
	}
	for i := range words {
		end := strings.IndexAny(rest, " \t")
		if end < 0 {
			return entry{}, false
		}
		words[i], rest = rest[:end], strings.TrimLeft(rest[end:], " \t")
	}
	return entry{strings.Join(words, " "), rest}, rest != ""
}

// readEntries reads the command lines among the lines.
func readEntries(lines []string) []entry {
	var entries []entry
	for _, line := range lines {
		if e, ok := readEntry(line); ok {
			entries = append(entries, e)
		}
	}
	return entries
}

// means says whether cron does the same for both.
func (e entry) means(other entry) bool {
	shell, input := unescape(e.command)
	otherShell, otherInput := unescape(other.command)
	return e.schedule == other.schedule && shell == otherShell && input == otherInput
}

// resembles says whether both mean the same but for blanks at the end, where a
// carriage return counts as one: nobody sees it in a listing.
func (e entry) resembles(other entry) bool {
	e.command = strings.TrimRight(e.command, " \t\r")
	other.command = strings.TrimRight(other.command, " \t\r")
	return e.means(other)
}

// escape is a command as it is written into a table: cron takes a `%` for the
// end of the command, `\%` for a `%` and `\\` for one backslash. A backslash
// before anything else stays.
func escape(command string) string {
	var b strings.Builder
	for i := range len(command) {
		if command[i] == '%' || command[i] == '\\' && escapable(command[i+1:]) {
			b.WriteByte('\\')
		}
		b.WriteByte(command[i])
	}
	return b.String()
}

// unescape is what the shell gets of a command in a table, and the input that
// it gets on standard input, raw, from the first bare `%` on.
func unescape(command string) (shell, input string) {
	var b strings.Builder
	for i := 0; i < len(command); i++ {
		if command[i] == '%' {
			return b.String(), command[i:]
		}
		if command[i] == '\\' && escapable(command[i+1:]) {
			i++
		}
		b.WriteByte(command[i])
	}
	return b.String(), ""
}

// escapable says whether a backslash before s would be gone with cron.
func escapable(s string) bool {
	return s != "" && (s[0] == '%' || s[0] == '\\')
}
