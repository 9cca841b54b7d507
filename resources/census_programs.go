package resources

import (
	"bytes"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file looks into the programs and scripts that units, tables of jobs, sudo's
// policy and forced commands run, for paths that are written down in them.

// words is the words of a command line, as far as they matter here: what a shell
// takes for quotes and operators separates them, too.
func words(line string) []string {
	return strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\"'`;|&<>(),=", r) })
}

// manyRuns is how many files are looked at that may be programs.
const manyRuns = 100_000

// run notes the files among the words of a command line.
func (c *census) run(words ...string) {
	for _, word := range words {
		switch {
		case !path.IsAbs(word):
		case len(c.runs) == manyRuns && !c.runs[word]:
			c.note("there are too many programs to look into each")
		default:
			c.runs[word] = true
		}
	}
}

// programs looks into what is run.
func (c *census) programs() {
	seen := map[string]bool{}
	for _, file := range slices.Sorted(maps.Keys(c.runs)) {
		if c.ctx.Err() != nil {
			return
		}
		end, state := follow(c.view, file)
		if state.Kind != node.File || seen[end] || c.isOwn(end) {
			continue
		}
		seen[end] = true
		if err := c.program(file, state); err != nil {
			c.unseen(file, err)
		}
	}
}

// begin is how much of a file tells what it is.
const begin = 4096

// mostPrograms is how much of programs is looked through in all.
const mostPrograms = 4 << 30

// window is how much of a program is looked at at once.
const window = 256 << 10

// scriptNames are the ends of names of scripts, which an interpreter is given as they are.
var scriptNames = []string{".bash", ".js", ".lua", ".php", ".pl", ".py", ".rb", ".sh"}

// program looks into a script line by line, and into a program for the paths in it.
// What is neither, by its head, its mode or its name, is a file that a program is given.
func (c *census) program(file string, state node.State) error {
	r, err := c.view.Open(file)
	if err != nil {
		return err
	}
	defer r.Close()
	head := make([]byte, begin)
	n, err := io.ReadFull(r, head)
	if head = head[:n]; err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	switch script := bytes.HasPrefix(head, []byte("#!")); {
	case state.Mode&0o111 == 0 && !script && !slices.Contains(scriptNames, path.Ext(file)):
	case bytes.IndexByte(head, 0) < 0:
		c.script(file)
	case c.read+state.Size > mostPrograms: // with holes, a file may be larger than the disk
		c.add(file, 0, "is too large to be looked through")
	default:
		c.read += state.Size
		found, err := c.names.inProgram(node.Until(c.ctx, io.MultiReader(bytes.NewReader(head), io.LimitReader(r, state.Size))), window)
		for _, text := range found {
			c.add(file, 0, "has "+text+" in it")
		}
		return err
	}
	return nil
}

// script asks of each line, the first one included, which names the interpreter.
func (c *census) script(file string) {
	number := 0
	for line := range strings.Lines(c.text(file)) {
		number++
		if line = strings.TrimSpace(line); number == 1 || !strings.HasPrefix(line, "#") {
			c.ask(line, file, number, "")
		}
	}
}
