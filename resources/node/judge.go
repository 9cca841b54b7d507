package node

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Judge is a program that rules on a node as it would be. It runs in a
// preview, changed files in their places, and refuses by its exit status.
type Judge struct {
	// Argv is the program, found in the usual directories of root, and its
	// arguments.
	Argv []string
	// Named are further arguments. Judges that are equal but for these are run
	// once, with those of all.
	Named []string
	// User is who it runs as; empty for root.
	User string
	// Env is its environment, as KEY=value; it gets PATH, HOME and LANG besides.
	Env []string
	// Limit is how long it may take before it is killed.
	Limit time.Duration
	// Reads are the paths it reads, each with all that lies below. It is asked
	// when a planned change touches one of them.
	Reads []string
	// Package is the Debian package that brings the program.
	Package string
	// Own are parts of lines that are never a foreign fault, said before or not:
	// "/etc/motd:" stands in what is said of a file that the asking resource
	// writes, and "" in every line.
	Own []string
	// Calm are parts of lines that are no complaint, such as "parsed OK". These
	// lines are not kept.
	Calm []string
}

// A Verdict is what a judge said of a preview.
type Verdict struct {
	// Judge is the judge as it ran: with the further arguments of all its equals.
	Judge Judge
	// Asked are the judges that this verdict answers, by their places in the
	// list that was asked.
	Asked []int
	// Refused says that the judge does not agree, or could not be asked.
	Refused bool
	// Missing says that the program is not on the node; the verdict is then
	// Refused, and Words name the package to install.
	Missing bool
	// Words are what it said, without its calm lines: warnings, or the reasons of
	// a refusal. Those are never empty.
	Words string
	// Late says that it was still running at its limit; the verdict is then Refused.
	Late bool
	// Took is how long it ran.
	Took time.Duration
}

// merge makes one run of all judges that are equal but for what is Named, in
// the order in which they first come. The verdicts are still to be given.
func merge(judges []Judge) []Verdict {
	var runs []Verdict
	places := map[string]int{}
	for i, j := range judges {
		key := fmt.Sprintf("%q %q %q", j.Argv, j.User, j.Env)
		at, known := places[key]
		if !known {
			at = len(runs)
			places[key] = at
			runs = append(runs, Verdict{Judge: j})
		}
		run := &runs[at]
		run.Asked = append(run.Asked, i)
		run.Judge.Named = union(run.Judge.Named, j.Named)
		run.Judge.Reads = union(run.Judge.Reads, j.Reads)
		run.Judge.Own = union(run.Judge.Own, j.Own)
		run.Judge.Calm = union(run.Judge.Calm, j.Calm)
		run.Judge.Limit = max(run.Judge.Limit, j.Limit)
	}
	return runs
}

// union is the sorted strings of both.
func union(a, b []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

// Complaints tells our fault from a foreign one. It is the lines of a refusal
// that the same judge did not already say of the node as it was, and those about
// what is our own: none when it refuses only for what was wrong before. A line that merely stands elsewhere
// in its file, because lines above it came or went, is not new.
//
// A judge that stops at its first complaint, as caddy does, and as visudo does
// before it looks for undefined aliases, hides later ones behind a foreign one.
func Complaints(before, after Verdict) []string {
	if !after.Refused {
		return nil
	}
	known := map[string]int{}
	if before.Refused && !after.Missing {
		for _, line := range lines(before.Words) {
			known[placeless(line)]++
		}
	}
	var added []string
	for _, line := range lines(after.Words) {
		if key := placeless(line); known[key] > 0 && !says(line, after.Judge.Own) {
			known[key]--
		} else {
			added = append(added, line)
		}
	}
	return added
}

// lines is the lines of a text that are not blank.
func lines(text string) []string {
	return slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool {
		return strings.TrimSpace(line) == ""
	})
}

// A passing part of a line says where or when something was said, not what: the
// numbers behind a file's name, "line 3", a process in brackets, an address, a
// time.
var passing = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(/[^\s:]*)(?::\d+)+` +
		`|\b((?:line|column) )\d+` +
		`|[(\[]\d+[)\]]` +
		`|\b0x[0-9a-f]+` +
		`|\b\d{4}[-/]\d\d[-/]\d\d` +
		`|\b\d\d:\d\d:\d\d(?:\.\d+)?` +
		`|\b\d{9,}(?:\.\d+)?`)
})

// placeless is a line without its passing parts.
func placeless(line string) string {
	return strings.TrimSpace(passing().ReplaceAllString(line, "$1$2#"))
}

// remarks is what a judge said without its calm lines.
func remarks(said string, calm []string) string {
	kept := slices.DeleteFunc(strings.Split(said, "\n"), func(line string) bool { return says(line, calm) })
	return strings.TrimSpace(strings.Join(kept, "\n"))
}

// says whether one of the parts stands in a line.
func says(line string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(line, part) })
}
