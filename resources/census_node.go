package resources

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file asks what is no text: links, mounts and processes.

// symlinks asks where each symlink leads.
func (c *census) symlinks() {
	for _, link := range c.links {
		end := target(link.Path, link.Target)
		if name, ok := c.names.in(end); ok && !slices.ContainsFunc(c.own, func(dir string) bool { return within(link.Path, dir) }) {
			c.add(link.Path, 0, c.through("-> "+link.Target, name))
		}
	}
}

// mounts asks what is mounted in the path, and from it elsewhere.
func (c *census) mounts() {
	mounts, err := c.view.Mounts()
	if err != nil {
		c.unseen("what is mounted", err)
	}
	for _, m := range mounts {
		if _, ok := c.names.in(m.Point); ok {
			c.add(m.Point, 0, m.Kind+" is mounted there")
		} else if _, ok := c.names.in(m.Source); ok {
			c.add(m.Point, 0, "shows "+m.Source)
		}
	}
}

// processes asks of each process, in all ways in which one can hold on to a path.
// What may not be looked at counts, or a service without the capability for it would
// find that nothing runs; but who is not root cannot move anything aside that matters.
func (c *census) processes() {
	all, err := c.view.Processes()
	if err != nil {
		c.unseen("the processes", err)
	}
	hidden := 0
	for _, p := range all {
		if p.Hidden {
			hidden++
		}
		if ways := c.ways(p); len(ways) > 0 {
			c.add(fmt.Sprintf("%d (%s)", p.PID, p.Name), 0, strings.Join(ways, ", "))
		}
	}
	switch {
	case hidden > 0 && c.view.Owners():
		c.add("unknown", 0, fmt.Sprintf("%d may not be looked at: that takes CAP_SYS_PTRACE", hidden))
	case hidden > 0:
		c.note("not looked at: processes of others")
	}
}

// ways is how a process refers to the path. Of its environment the keys are told, of
// its arguments nothing.
func (c *census) ways(p node.Process) []string {
	var ways []string
	say := func(way string, texts ...string) {
		if slices.ContainsFunc(texts, func(text string) bool { _, ok := c.names.in(text); return ok }) {
			ways = append(ways, way)
		}
	}
	say("program", p.Exe)
	say("working directory", p.Cwd)
	say("root directory", p.Root)
	say("open files", p.Files...)
	say("mapped files", slices.DeleteFunc(slices.Clone(p.Maps), func(file string) bool { return file == p.Exe })...)
	say("arguments", p.Args...)
	var keys []string
	for _, assignment := range p.Env {
		key, value, _ := strings.Cut(assignment, "=")
		if _, ok := c.names.in(value); ok {
			keys = append(keys, key)
		}
	}
	if len(keys) > 0 {
		slices.Sort(keys)
		ways = append(ways, "environment "+strings.Join(keys, " "))
	}
	if p.Cut {
		ways = append(ways, "more than can be looked through")
	}
	return ways
}

// unseen notes what could not be looked at. What is not there refers to nothing, and
// in a tree nothing runs.
func (c *census) unseen(what string, err error) {
	if c.ctx.Err() != nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, node.ErrOffline) || errors.Is(err, node.ErrNoSystemd) {
		return
	}
	c.note("not looked at: %s: %v", what, err)
}

func isDirectory(s node.State) bool { return s.Kind == node.Directory }
