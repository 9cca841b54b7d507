package crontab

import (
	"maps"
	"strings"
)

// This file is cron itself, as far as it reads tables: load_user, load_env,
// load_entry, get_list and child_process of Debian's cron 3.0pl1, in Go.

// A cronJob is what cron makes of a line that is no setting.
type cronJob struct {
	line     int // of the table, from 0
	schedule string
	command  string // what the shell gets
	input    string // and what comes on its standard input, with the % before it
	env      map[string]string
}

// cronReads is the jobs of a table. Settings hold for the jobs below them.
func cronReads(text string) []cronJob {
	var jobs []cronJob
	env := map[string]string{}
	number := -1
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimLeft(strings.TrimSuffix(line, "\n"), " \t")
		if line == "" || line[0] == '#' {
			continue
		}
		if name, value, ok := cronSetting(line); ok {
			env[name] = value
			continue
		}
		if job, ok := cronEntry(line); ok {
			job.line, job.env = number, maps.Clone(env)
			jobs = append(jobs, job)
		}
	}
	return jobs
}

// The states of load_env.
const (
	beforeName = iota
	inName
	beforeEquals
	afterEquals
	beforeValue
	inValue
	atEnd
	noSetting
)

func cronSetting(line string) (name, value string, ok bool) {
	var texts [2]strings.Builder // of the name and of the value
	state, which, quote := beforeName, 0, byte(0)
	for i := 0; i < len(line) && state < noSetting; {
		c := line[i]
		if state == beforeName || state == beforeValue {
			if c == '\'' || c == '"' {
				quote = c
				if i++; i == len(line) {
					return "", "", false
				}
				c = line[i]
			}
			state++
		}
		switch {
		case (state == inName || state == inValue) && quote != 0 && c == quote:
			state++
			i++
		case state == inName && quote != 0 && c == '=':
			state = noSetting
		case state == inName && quote == 0 && isSpace(c):
			state++
			i++
		case state == inName && quote == 0 && c == '=':
			state++
		case state == inName || state == inValue:
			texts[which].WriteByte(c)
			i++
		case state == beforeEquals && c == '=':
			state, which, quote = afterEquals, 1, 0
			i++
		case state == beforeEquals && isSpace(c), (state == afterEquals || state == atEnd) && isSpace(c):
			i++
		case state == beforeEquals:
			state = noSetting
		default: // afterEquals, atEnd
			state++
		}
	}
	if state != atEnd && (state != inValue || quote != 0) {
		return "", "", false
	}
	value = strings.TrimRight(texts[1].String(), space)
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[0] == value[n-1] {
		value = value[1 : n-1]
	}
	return texts[0].String(), value, true
}

func isSpace(c byte) bool { return strings.IndexByte(space, c) >= 0 }

func cronEntry(line string) (cronJob, bool) {
	count := 5
	if line[0] == '@' {
		count = 1
	}
	var words []string
	for range count {
		end := strings.IndexAny(line+" ", " \t")
		words = append(words, line[:end])
		line = strings.TrimLeft(line[end:], " \t")
	}
	job := cronJob{schedule: strings.Join(words, " ")}
	job.command, job.input = cronCommand(line)
	return job, line != "" && cronTakes(words)
}

// cronCommand is what child_process makes of a command.
func cronCommand(text string) (command, input string) {
	var out []byte
	escaped := false
	for i := range len(text) {
		c := text[i]
		switch {
		case escaped && (c == '%' || c == '\\'):
			out[len(out)-1] = c
			escaped = false
			continue
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '%':
			return string(out), text[i:]
		}
		out = append(out, c)
	}
	return string(out), ""
}

func cronTakes(words []string) bool {
	if len(words) == 1 {
		return strings.Contains(" @reboot @yearly @annually @monthly @weekly @daily @midnight @hourly ", " "+words[0]+" ")
	}
	for i, word := range words {
		if set, _ := cronField(word, fields[i]); set == 0 {
			return false
		}
	}
	return true
}

// cronField is the values that a field stands for, none when cron refuses it,
// and what it skips.
func cronField(word string, f field) (set uint64, rest string) {
	rest = word
	for {
		var ok bool
		if set, rest, ok = cronRange(set, rest, f); !ok {
			return 0, ""
		}
		if !strings.HasPrefix(rest, ",") {
			return set, rest
		}
		rest = rest[1:]
	}
}

func cronRange(set uint64, s string, f field) (_ uint64, rest string, ok bool) {
	from, to, step := f.min, f.max, 1
	if rest, ok = strings.CutPrefix(s, "*"); !ok {
		if from, rest, ok = cronNumber(s, f.min, f.names); !ok {
			return 0, "", false
		}
		if !strings.HasPrefix(rest, "-") {
			return set | 1<<from, rest, f.min <= from && from <= f.max
		}
		if to, rest, ok = cronNumber(rest[1:], f.min, f.names); !ok {
			return 0, "", false
		}
	}
	if strings.HasPrefix(rest, "/") {
		if step, rest, ok = cronNumber(rest[1:], 0, nil); !ok || step == 0 {
			return 0, "", false
		}
	}
	for i := from; i <= to; i += step {
		if i < f.min || i > f.max {
			return 0, "", false
		}
		set |= 1 << i
	}
	return set, rest, true
}

// cronNumber reads digits or a name. Numbers that overflow are none here: what
// cron makes of them is not worth knowing.
func cronNumber(s string, low int, names []string) (n int, rest string, ok bool) {
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end]|0x20 >= 'a' && s[end]|0x20 <= 'z') {
		end++
	}
	for i, name := range names {
		if strings.EqualFold(name, s[:end]) {
			return low + i, s[end:], true
		}
	}
	for i := range end {
		if s[i] > '9' || n > 1<<26 {
			return 0, "", false
		}
		n = 10*n + int(s[i]-'0')
	}
	return n, s[end:], end > 0
}
