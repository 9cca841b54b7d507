package crontab

import (
	"strings"
	"testing"
)

var backup = Job{
	Name:     "backup-db",
	Schedule: "0 3 * * *",
	Command:  "/opt/mnw/backup-db.sh >> /var/lib/mnw/backup.log 2>&1",
	Replaces: []string{"0 3 * * * /opt/old/backup-db.sh >> /opt/old/backup.log 2>&1"},
}

const (
	line  = "0 3 * * * /opt/mnw/backup-db.sh >> /var/lib/mnw/backup.log 2>&1\n"
	begin = "# BEGIN mnw-agent job backup-db\n"
	end   = "# END mnw-agent job backup-db\n"
	ours  = begin + line + end
)

func TestSet(t *testing.T) {
	foreign := "0 3 * * * /opt/backups/pg_backup.sh\n"
	tests := []struct{ name, before, after string }{
		{"empty table", "", ours},
		{"foreign lines stay above", "# mine\r\n\n" + foreign, "# mine\r\n\n" + foreign + ours},
		{"last newline missing", "@daily x", "@daily x\n" + ours},
		{"already right", foreign + ours + foreign, foreign + ours + foreign},
		{"already right, but cron would ignore the table", ours + "# x", ours + "# x\n"},
		{"identical line adopted in its place", foreign + line + foreign, foreign + ours + foreign},
		{"adopted as it stands", "0 3 * *\t*  " + line[10:], begin + "0 3 * *\t*  " + line[10:] + end},
		{"carriage return taken off", strings.TrimSpace(line) + "\r\n", ours},
		{"replaced in its place", foreign + backup.Replaces[0] + "\n" + foreign, foreign + ours + foreign},
		{"replaced, blanks apart", " 0  3 * * *\t" + backup.Replaces[0][10:] + " ", ours},
		{"all that it replaces become one", line + foreign + backup.Replaces[0] + "\n" + line, ours + foreign},
		{"replaced line came back", backup.Replaces[0] + "\n" + foreign + ours, foreign + ours},
		{"edited by hand", foreign + begin + "0 4 * * * x\n" + end + foreign, foreign + ours + foreign},
		{"commented out by hand", begin + "#" + line + end + foreign, ours + foreign},
		{"line deleted, a foreign one below", begin + end + foreign, ours + foreign},
		{"line deleted and the end lost", begin + foreign, foreign + ours},
		{"end lost, line there", begin + line + foreign, ours + foreign},
		{"begin lost, line there", line + end + foreign, ours + foreign},
		{"end of another below", begin + foreign + "# END mnw-agent job b\n", foreign + ours},
		{"another within", begin + foreign + "# BEGIN mnw-agent job b\n@daily b\n# END mnw-agent job b\n" + foreign + end, foreign + "# BEGIN mnw-agent job b\n@daily b\n# END mnw-agent job b\n" + foreign + ours},
		{"a line added by hand within", begin + line + foreign + end, ours},
		{"block doubled", ours + foreign + ours, ours + foreign},
		{"another job of ours", "# BEGIN mnw-agent job b\n" + line + "# END mnw-agent job b\n", "# BEGIN mnw-agent job b\n" + line + "# END mnw-agent job b\n" + ours},
		{"a comment that only looks like ours", "# BEGIN mnw-agent job a b\n" + line, "# BEGIN mnw-agent job a b\n" + ours},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			table := Parse([]byte(test.before))
			if err := table.Set(backup); err != nil {
				t.Fatal(err)
			}
			if got := string(table.Bytes()); got != test.after {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.after)
			}
		})
	}
}

func TestSetAdoptsAnEscapedLine(t *testing.T) {
	for _, command := range []string{`date +%F > 'a\b'`, `date +\%F > 'a\b'`} {
		table := Parse([]byte("@daily date +\\%F > 'a\\b'\n"))
		if err := table.Set(Job{Name: "x", Schedule: "@daily", Command: command}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(table.Bytes()), "@daily"); n != 1 {
			t.Errorf("%s: the job stands %d times:\n%s", command, n, table.Bytes())
		}
	}
}

func TestSetRefuses(t *testing.T) {
	tests := []struct {
		job  Job
		want string
	}{
		{Job{Name: "a b", Schedule: "@daily", Command: "x"}, `"a b" is not a name for a job: use letters, digits and _ . @ -, beginning with a letter, digit or _`},
		{Job{Name: "a", Schedule: "0 25 * * *", Command: "x"}, `job a: schedule: hour "25": "25" is not a number from 0 to 23`},
		{Job{Name: "a", Schedule: "@daily", Command: "x\ny"}, `job a: command: has a line break or a NUL byte: cron takes one line; put a longer script in a file`},
		{Job{Name: "a", Schedule: "@daily", Command: "x", Replaces: []string{"# x 1 2 3 4 5"}}, `job a: replaces: "# x 1 2 3 4 5" is not a command line of a crontab: a schedule and a command, as crontab -l shows it`},
	}
	for _, test := range tests {
		table := Parse([]byte("# x"))
		if err := table.Set(test.job); err == nil || err.Error() != test.want {
			t.Errorf("got  %v\nwant %s", err, test.want)
		}
		if got := string(table.Bytes()); got != "# x" {
			t.Errorf("a refused job changed the table: %q", got)
		}
	}
}

func TestRemoveAndKeep(t *testing.T) {
	other := "# BEGIN mnw-agent job other\n@daily x\n# END mnw-agent job other\n"
	env := "# BEGIN mnw-agent env\nMAILTO=\"\"\n# END mnw-agent env\n"
	tests := []struct {
		name, before, after string
		edit                func(*Table)
	}{
		{"remove", "# a\n" + ours + "@daily x\r\n", "# a\n@daily x\r\n", func(t *Table) { t.Remove("backup-db") }},
		{"remove what is not there", "# a\n@daily x", "# a\n@daily x", func(t *Table) { t.Remove("backup-db") }},
		{"remove what it replaces", "@daily  x \n" + line + ours + "@daily y\n", line + "@daily y\n", func(t *Table) { t.Remove("backup-db", "@daily x") }},
		{"remove leaves a foreign line that means the same", line + ours, line, func(t *Table) { t.Remove("backup-db") }},
		{"keep", "# a\nA=b\n" + env + ours + line + other, env + ours, func(t *Table) { t.Keep("backup-db") }},
		{"keep what is all there is", ours, ours, func(t *Table) { t.Keep("backup-db") }},
		{"keep nothing", "# a\n" + ours, "", func(t *Table) { t.Keep() }},
	}
	for _, test := range tests {
		table := Parse([]byte(test.before))
		if test.edit(table); string(table.Bytes()) != test.after {
			t.Errorf("%s: got:\n%s\nwant:\n%s", test.name, table.Bytes(), test.after)
		}
	}
}

func TestJobs(t *testing.T) {
	table := Parse([]byte(line + strings.Replace(ours, "/opt", `\%\\`, 1) +
		"# BEGIN mnw-agent job fed\n@daily cat%x\n# END mnw-agent job fed\n" +
		"# BEGIN mnw-agent job never\n0 0 9-1 * * x\n# END mnw-agent job never\n" +
		"# BEGIN mnw-agent job gone\n# END mnw-agent job gone\n"))
	want := Job{Name: "backup-db", Schedule: "0 3 * * *", Command: strings.Replace(backup.Command, "/opt", `%\`, 1)}
	if got := table.Jobs(); len(got) != 1 || got[0].Command != want.Command || got[0].Schedule != want.Schedule || got[0].Name != want.Name {
		t.Errorf("got %+v, want %+v alone", got, want)
	}
}
