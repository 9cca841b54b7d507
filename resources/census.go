package resources

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/unitfile"
)

// This file takes a census of what refers to a path that should go away. Each
// kind of source has a file of its own, census_*.go.

// sources is what can refer to a path, in the order in which it is told. The last
// one looks into what the others have found to be run.
var sources = []struct {
	kind string
	ask  func(*census)
}{
	{"unit", (*census).unitFiles},
	{"env_file", (*census).envFiles},
	{"crontab", (*census).crontabs},
	{"cron", (*census).systemCron},
	{"sudoers", (*census).sudoers},
	{"passwd", (*census).passwd},
	{"authorized_keys", (*census).authorizedKeys},
	{"caddyfile", (*census).caddyfiles},
	{"symlink", (*census).symlinks},
	{"mount", (*census).mounts},
	{"fstab", (*census).fstab},
	{"logrotate", (*census).logrotate},
	{"tmpfiles", (*census).tmpfiles},
	{"process", (*census).processes},
	{"program", (*census).programs},
}

// A hit is one thing that refers to the path. It never tells a value: that may be
// a secret.
type hit struct {
	kind string
	file string
	line int    // 0 for what has no lines
	says string // in what way
}

func (h hit) String() string {
	text := h.kind + " " + plainly(h.file)
	if h.line > 0 {
		text += fmt.Sprintf(":%d", h.line)
	}
	if h.says != "" {
		text += ": " + plainly(h.says)
	}
	return text
}

// A census is under way.
type census struct {
	ctx   context.Context
	view  node.View
	own   []string // the path and its graveyards: what lies there does not count
	names names
	links []node.Link      // all symlinks
	units []*unitfile.Unit // all that have files
	runs  map[string]bool  // what units, tables and the like run
	kind  string           // that is asked for
	hits  []hit
	lined map[place]string // the kind of the hit at each line
	read  int64            // how much of programs was looked through
	notes []string
}

// A place is a line of a file.
type place struct {
	file string
	line int
}

// takeCensus is what refers to a path, to one of its graveyards, or to what is
// below, and notes on what could not be looked at; an error when there is no time for it.
func takeCensus(ctx context.Context, v node.View, at string, graves []string) ([]hit, []string, error) {
	dir, _ := follow(v, path.Dir(at))
	real := path.Join(dir, path.Base(at))
	c := &census{ctx: ctx, view: v, own: append([]string{at, real}, graves...), runs: map[string]bool{}, lined: map[place]string{}}
	var complete bool
	if c.links, complete = v.Symlinks(c.own); !complete {
		c.note("there are too many files to look at every symlink")
	}
	c.names = namesOf(c.own, c.links)
	c.units = c.allUnits()
	for _, s := range sources {
		c.kind = s.kind
		c.sort(len(c.hits), func() { s.ask(c) })
	}
	return c.hits, c.notes, context.Cause(ctx)
}

// sort puts the hits of one source in order, each once.
func (c *census) sort(from int, ask func()) {
	ask()
	found := c.hits[from:]
	slices.SortStableFunc(found, func(a, b hit) int {
		if a.file != b.file {
			return strings.Compare(a.file, b.file)
		}
		return a.line - b.line
	})
	c.hits = c.hits[:from+len(slices.Compact(found))]
}

func (c *census) note(format string, args ...any) {
	if text := plainly(fmt.Sprintf(format, args...)); !slices.Contains(c.notes, text) {
		c.notes = append(c.notes, text)
	}
}

// add adds a hit, unless an earlier source has told of that very line.
func (c *census) add(file string, line int, says string) {
	at := place{file, line}
	if kind, ok := c.lined[at]; ok && kind != c.kind {
		return
	}
	if line > 0 {
		c.lined[at] = c.kind
	}
	c.hits = append(c.hits, hit{c.kind, file, line, says})
}

// ask adds a hit when a text names the path.
func (c *census) ask(text, file string, line int, says string) bool {
	name, ok := c.names.in(text)
	if ok {
		c.add(file, line, c.through(says, name))
	}
	return ok
}

// through says by way of which symlink something refers to the path.
func (c *census) through(says, name string) string {
	if slices.Contains(c.own, name) {
		return says
	}
	return strings.TrimSpace(says + " through " + name)
}

// isOwn says whether a file lies in what should go, wherever links lead.
func (c *census) isOwn(file string) bool {
	end, _ := follow(c.view, file)
	return slices.ContainsFunc(c.own, func(dir string) bool { return within(end, dir) })
}

// most is how much of a text is looked at.
const most = 8 << 20

// text is what a file holds, as far as it matters; nothing of what should go, nor when
// there is no more time.
func (c *census) text(file string) string {
	if c.ctx.Err() != nil || c.isOwn(file) {
		return ""
	}
	r, err := c.view.Open(file)
	if err != nil {
		c.unseen(file, err)
		return ""
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, most))
	if err != nil {
		c.unseen(file, err)
	}
	return string(text)
}

// lines asks of each line of a file that is no comment whether it names the path.
func (c *census) lines(file string, says func(line string) string) {
	number := 0
	for line := range strings.Lines(c.text(file)) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		c.ask(line, file, number, says(line))
	}
}

// files is the files in a directory whose names are as wanted.
func (c *census) files(dir string, wanted func(name string) bool) []string {
	names, err := c.view.ReadDir(dir)
	if err != nil {
		c.unseen(dir, err)
	}
	var files []string
	for _, name := range names {
		if wanted(name) {
			files = append(files, path.Join(dir, name))
		}
	}
	return files
}

// within says whether a path is that of a directory, or lies below it.
func within(at, dir string) bool {
	return at == dir || strings.HasPrefix(at, strings.TrimSuffix(dir, "/")+"/")
}
