package crontab

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/linear"
)

func FuzzParse(f *testing.F) {
	for _, text := range []string{"", "\n", "# a\r\n@daily x", begin, ours + ours, begin + ours + end, "\x00\n\xff"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		table := Parse(text)
		if got := table.Bytes(); string(got) != string(text) {
			t.Fatalf("%q became %q", text, got)
		}
		for _, job := range table.Jobs() {
			if err := table.Set(job); err != nil {
				t.Fatalf("%+v is in the table, and cannot be set: %v", job, err)
			}
		}
		settled := table.Bytes()
		for _, job := range table.Jobs() {
			if err := table.Set(job); err != nil || string(table.Bytes()) != string(settled) {
				t.Fatalf("%q became %q (%v)", settled, table.Bytes(), err)
			}
		}
	})
}

// cron hands the shell what was escaped for it.
func FuzzEscape(f *testing.F) {
	for _, command := range []string{"", `date +%F`, `a\%b`, `a\\%`, `\\\`, `\n\`} {
		f.Add(command)
	}
	f.Fuzz(func(t *testing.T, command string) {
		if shell, input := cronCommand(escape(command)); shell != command || input != "" {
			t.Errorf("%q is written %q, and cron reads %q, %q", command, escape(command), shell, input)
		}
		shell, input := unescape(command)
		if cronShell, cronInput := cronCommand(command); shell != cronShell || input != cronInput {
			t.Errorf("%q is read %q, %q, and by cron %q, %q", command, shell, input, cronShell, cronInput)
		}
	})
}

// A schedule is taken when cron takes it whole, and runs something.
func FuzzSchedule(f *testing.F) {
	for _, s := range []string{
		"* * * * *", "0\t3  * * * ", "0-59/100,5-5 00 * * *", "1,2-4,6-10/2,*/7 * * * *", "0 0 * JAN-mar,Oct 7", "0 0 * * sun-Tue,5",
		"@reboot", "@fortnightly", "@daily\n", "-5 * * * *", "* 1,,2 * * *", "*/0 * * * *", "5/10 * * * *", "* 22-6 * * *", "* *5 * * *",
		"* 4294967296 * * *", "* +5 * * *", "0-70/99 * * * *", "* * * * \xff", "1 2 3 4 fri,sat-sat", "0000000005 1 1 1 1", "@daily @daily",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, schedule string) {
		err := CheckSchedule(schedule)
		words := splitBlanks(schedule)
		if len(words) == 1 && words[0][0] == '@' || len(words) != len(fields) {
			if takes := len(words) == 1 && words[0][0] == '@' && cronTakes(words); takes != (err == nil) {
				t.Fatalf("%q: %v, and cron says %v", schedule, err, takes)
			}
			return
		}
		right := true
		for i, word := range words {
			set, rest := cronField(word, fields[i])
			right = right && set != 0 && rest == "" && !never(word, fields[i])
		}
		if right != (err == nil) {
			t.Fatalf("%q: %v, and cron says %v", schedule, err, right)
		}
	})
}

// never says whether a part of a list is one that cron takes and never comes
// to: a range that runs backwards, or that ends where no value is.
func never(word string, f field) bool {
	return slices.ContainsFunc(strings.Split(word, ","), func(item string) bool {
		span, _, _ := strings.Cut(item, "/")
		first, last, ranged := strings.Cut(span, "-")
		from, _, _ := cronNumber(first, f.min, f.names)
		to, _, _ := cronNumber(last, f.min, f.names)
		return ranged && (from > to || to > f.max)
	})
}

// FuzzSet holds Set and SetEnv to their promise on tables, jobs and settings of
// any kind: for cron the job is there, once, with its settings; every foreign
// job that it does not replace is what it was, with the settings that it had;
// foreign lines survive in their order; and a second time changes nothing.
func FuzzSet(f *testing.F) {
	f.Add("", "x", "@daily", "x", "", "MAILTO", "")
	f.Add("# a\r\n\n@daily x\nA=b\n@daily y%z", "x", "@daily", "x", "@daily  y%z", "", "")
	f.Add(begin+ours+"@daily x \r\n"+end+"# BEGIN mnw-agent env\n@daily x", "x", "@daily", `x \%`, "", "A", " b'")
	f.Add(ours+"@daily a\n"+end+begin+"# END mnw-agent job x\n", "backup-db", "0 3 *  * *", "%", backup.Replaces[0], "PATH", "$HOME")
	f.Add("# BEGIN mnw-agent env\nA=b\n# END mnw-agent env\n\"A\" = c\n0 3 * * * x\n", "x", "0 3 * * *", "x", "A=b c d e f g", "A", `"`)
	f.Fuzz(func(t *testing.T, text, name, schedule, command, replaces, variable, value string) {
		if strings.Contains(text, "\x00") {
			t.Skip("no table of cron can hold it")
		}
		table, job, env := Parse([]byte(text)), Job{Name: name, Schedule: schedule, Command: command}, map[string]string{}
		if replaces != "" {
			job.Replaces = []string{replaces}
		}
		if variable != "" {
			env[variable] = value
		}
		if err := table.SetEnv(env); err != nil {
			refused(t, table, text, err)
			return
		}
		withEnv := string(table.Bytes())
		if err := table.Set(job); err != nil {
			refused(t, table, withEnv, err)
			return
		}
		once := string(table.Bytes())
		if before, after := foreign(text, job), foreign(once, job); !slices.Equal(before, after) {
			t.Fatalf("foreign lines were %q, are %q", before, after)
		}
		if before, after := foreignJobs(text, job), foreignJobs(once, job); !slices.EqualFunc(before, after, sameJob) {
			t.Fatalf("foreign jobs were\n%+v\nand are\n%+v\nin\n%s", before, after, once)
		}
		isRead(t, once, job, env)
		table = Parse([]byte(once))
		if err := table.SetEnv(env); err != nil || string(table.Bytes()) != once {
			t.Fatalf("%q became %q the second time (%v)", once, table.Bytes(), err)
		}
		if err := table.Set(job); err != nil || string(table.Bytes()) != once {
			t.Fatalf("%q became %q the second time (%v)", once, table.Bytes(), err)
		}
		removed(t, table, job)
	})
}

func refused(t *testing.T, table *Table, text string, err error) {
	t.Helper()
	if string(table.Bytes()) != text || err.Error() == "" {
		t.Fatalf("%q changed to %q in spite of %v", text, table.Bytes(), err)
	}
}

// lineParts is the part that each line of a table belongs to.
func lineParts(text string) []part {
	var parts []part
	for _, p := range Parse([]byte(text)).parts {
		for range strings.Lines(p.text) {
			parts = append(parts, p)
		}
	}
	return parts
}

func claimedBy(job Job) func(part) bool {
	return claims(append(readEntries(job.Replaces), job.entry(), entry{job.entry().schedule, job.Command}))
}

// foreign is the lines that are neither ours nor taken over by the job, but for
// the last newline.
func foreign(text string, job Job) []string {
	var lines []string
	claimed := claimedBy(job)
	for _, p := range lineParts(text) {
		if p.key == "" && marker(p.text) == "" && !claimed(p) {
			lines = append(lines, strings.TrimSuffix(p.text, "\n"))
		}
	}
	return lines
}

// foreignJobs is what cron makes of the lines that are not ours. A block of
// settings of ours does not concern them, wherever it stood.
func foreignJobs(text string, job Job) []cronJob {
	claimed := claimedBy(job)
	plain := Parse([]byte(text))
	plain.parts = slices.DeleteFunc(plain.parts, func(p part) bool { return p.key == envKey })
	text = string(plain.Bytes())
	parts := lineParts(text)
	return slices.DeleteFunc(cronReads(text), func(j cronJob) bool { return parts[j.line].key != "" || claimed(parts[j.line]) })
}

func sameJob(a, b cronJob) bool {
	return a.schedule == b.schedule && a.command == b.command && a.input == b.input && maps.Equal(a.env, b.env)
}

// isRead holds that cron finds the job once, in its place, with its settings,
// which hold for no foreign job.
func isRead(t *testing.T, text string, job Job, env map[string]string) {
	t.Helper()
	parts, found := lineParts(text), 0
	own := slices.IndexFunc(parts, func(p part) bool { return p.key == envKey })
	for _, read := range cronReads(text) {
		switch {
		case own >= 0 && read.line > own && parts[read.line].key == "":
			t.Fatalf("a foreign job stands below our settings in\n%s", text)
		case parts[read.line].key != jobKey(job.Name):
			continue
		case read.schedule != strings.Join(splitBlanks(job.Schedule), " ") || read.command != job.Command || read.input != "":
			t.Fatalf("cron reads %+v in\n%s", read, text)
		}
		found++
		for name, value := range env {
			if got, ok := read.env[name]; !ok || got != value {
				t.Fatalf("%s is %q to the job, want %q, in\n%s", name, got, value, text)
			}
		}
	}
	if found != 1 {
		t.Fatalf("cron finds the job %d times in\n%s", found, text)
	}
}

func removed(t *testing.T, table *Table, job Job) {
	t.Helper()
	before := foreign(string(table.Bytes()), job)
	for range 2 {
		table.Remove(job.Name, job.Replaces...)
		text := string(table.Bytes())
		if after := foreign(text, job); !slices.Equal(before, after) {
			t.Fatalf("foreign lines were %q, are %q", before, after)
		}
		if table.find(jobKey(job.Name)) >= 0 {
			t.Fatalf("the job is left in\n%s", text)
		}
	}
}

// A setting is taken when cron reads the value that was meant.
func FuzzEnv(f *testing.F) {
	for _, value := range []string{"", " x ", `"x"`, `"x`, `a"b'c`, "x\ny", "$HOME # %", "ü\xff", `'`, `''`, "\v", `x"`} {
		f.Add("A", value)
	}
	f.Add("A B", "x")
	f.Add("LOGNAME", "x")
	f.Add("'A'", "x")
	f.Fuzz(func(t *testing.T, name, value string) {
		line, ok := envLine(name, value)
		if CheckEnv(name, value) == nil {
			if n, v, is := cronSetting(strings.TrimSuffix(line, "\n")); !ok || !is || n != name || v != value {
				t.Fatalf("%q: cron reads %q = %q, %v", line, n, v, is)
			}
		}
		read, ok := readValue(value)
		if _, v, is := cronSetting("A=" + strings.ReplaceAll(value, "\n", "")); is && !strings.Contains(value, "\n") && (!ok || v != read) {
			t.Fatalf("%q is read as %q, %v, and by cron as %q", value, read, ok, v)
		}
	})
}

// A table is edited in time that does not grow with its square.
func FuzzLong(f *testing.F) {
	f.Add("", "# BEGIN mnw-agent job x\n", "# END mnw-agent job x\n")
	f.Add("", "# BEGIN mnw-agent job x\n@daily x\n", "")
	f.Add("", "# BEGIN mnw-agent job x\n@daily x\n# END mnw-agent job x\n", "")
	f.Add("", "@daily x\n", "")
	f.Add("A=", `\%"`, "")
	f.Add("", "* ", "")
	f.Fuzz(func(t *testing.T, head, piece, tail string) {
		linear.Hold(t, head, piece, tail, func(text string) {
			table := Parse([]byte(text))
			_ = table.SetEnv(map[string]string{"A": "b"})
			_ = table.Set(Job{Name: "x", Schedule: "@daily", Command: "x", Replaces: []string{"@daily y", "* * * * * z"}})
			table.Jobs()
			table.Env()
			table.Remove("x", "@daily x")
			_, _, _ = CheckSchedule(text), CheckCommand(text), CheckEnv("A", text)
		})
	})
}
