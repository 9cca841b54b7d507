package node

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// This file brings programs into a scene made of copies: each with its
// interpreter or its shared libraries.

// unitDirs are where unit files are, as systemd.unit(5) lists them, below /etc
// aside.
var unitDirs = []string{
	"/lib/systemd/system", "/usr/lib/systemd/system", "/usr/local/lib/systemd/system",
	"/run/systemd/system", "/run/systemd/system.control", "/run/systemd/transient",
	"/run/systemd/generator", "/run/systemd/generator.early", "/run/systemd/generator.late",
}

// equip brings, for each judge, its program, what it reads and its user's home.
func (c *copies) equip(ctx context.Context, judges []Judge) error {
	programs := programs{copies: c, done: map[string]bool{}}
	for _, j := range judges {
		for _, at := range j.Reads {
			if err := c.bringAll(ctx, at); err != nil {
				return err
			}
		}
		if u, ok := c.machine.View().User(j.User); ok {
			if _, err := c.bring(u.Home); err != nil {
				return err
			}
		}
		said, err := programs.bring(ctx, j.Argv[0])
		if err != nil {
			return err
		}
		for _, word := range programWord().FindAllString(strings.Join(j.Argv[1:], " ")+said, -1) {
			if _, err := programs.bring(ctx, word); err != nil {
				return err
			}
		}
	}
	return c.forUnits(ctx)
}

// A programWord is a word that may be the name of a program.
var programWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[\w./+-]*[a-z][\w./+-]*`) })

// programs are those that have been brought.
type programs struct {
	*copies
	done map[string]bool
}

// bring brings a program, if there is one of that name, with its interpreter or
// its libraries. Of a script it returns the text, in which others may be named.
func (p *programs) bring(ctx context.Context, name string) (script string, err error) {
	at, err := p.picture().program(name) // one that a change makes
	if err != nil {
		if at, err = p.machine.program(name); err != nil {
			return "", nil
		}
	}
	if p.done[at] {
		return "", nil
	}
	p.done[at] = true
	if _, err := p.copies.bring(at); err != nil {
		return "", err
	}
	fd, err := p.picture().open(at, unix.O_RDONLY|unix.O_NONBLOCK)
	if err != nil {
		return "", nil // a change takes it away
	}
	file := os.NewFile(uintptr(fd), at)
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 64<<10))
	if err != nil {
		return "", err
	}
	if line, ok := strings.CutPrefix(string(text), "#!"); ok {
		line, _, _ = strings.Cut(line, "\n")
		for _, word := range strings.Fields(line) {
			if _, err := p.bring(ctx, word); err != nil {
				return "", err
			}
		}
		return string(text), nil
	}
	return "", p.bringLibraries(ctx, at, loaderOf(file))
}

// bringLibraries brings what a loader lists for a program.
func (p *programs) bringLibraries(ctx context.Context, at, loader string) error {
	if loader == "" {
		return nil
	}
	argv := []string{loader, "--list", at}
	listed, err := run(ctx, command{argv: argv, limit: programLimit, chroot: procFD(p.machine.rootFD)})
	if err != nil {
		return ctx.Err() // what cannot be loaded cannot be listed: the judge will say so
	}
	for _, word := range append(strings.Fields(listed), loader) {
		if path.IsAbs(word) {
			if _, err := p.copies.bring(word); err != nil {
				return err
			}
		}
	}
	return nil
}

// picture is the tree as a machine, to be read.
func (c *copies) picture() *Machine {
	return &Machine{root: procFD(c.fd), rootFD: c.fd, offline: true, owners: true}
}

// loaderOf is the program that loads a program and can list its libraries,
// ld.so(8); none for one that needs none.
func loaderOf(file io.ReaderAt) string {
	program, err := elf.NewFile(file)
	if err != nil {
		return ""
	}
	for _, part := range program.Progs {
		if part.Type == elf.PT_INTERP {
			name, _ := io.ReadAll(part.Open())
			return string(bytes.TrimRight(name, "\x00"))
		}
	}
	return ""
}

// forUnits brings what systemd-analyze looks for when it reads unit files: the
// programs that they start, of which it asks no more than whether they are
// there, and the time zones of their calendars.
func (c *copies) forUnits(ctx context.Context) error {
	view := c.picture().View()
	look := func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return ctx.Err()
		}
		text, err := view.ReadFile("/" + name)
		if err != nil {
			return ctx.Err()
		}
		for _, found := range execLine().FindAllSubmatch(text, -1) {
			err = errors.Join(err, c.putStandIn(string(found[1])))
		}
		for _, found := range calendarLine().FindAllSubmatch(text, -1) {
			_, missing := c.bring("/usr/share/zoneinfo/" + string(found[1]))
			err = errors.Join(err, missing)
		}
		return errors.Join(err, ctx.Err())
	}
	for _, dir := range append([]string{"/etc/systemd/system"}, unitDirs...) {
		if err := fs.WalkDir(c.tree.FS(), strings.TrimPrefix(dir, "/"), look); err != nil {
			return err
		}
	}
	return nil
}

var (
	execLine     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^Exec\w+\s*=\s*[-@:+!|]*(\S+)`) })
	calendarLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^OnCalendar\s*=.*\s([A-Z][\w+/-]*)$`) })
)

// putStandIn puts an empty program where the node has one.
func (c *copies) putStandIn(name string) error {
	if _, err := c.picture().program(name); err == nil {
		return nil
	}
	at, err := c.machine.program(name)
	if err != nil {
		return nil
	}
	above, err := c.bring(path.Dir(at))
	real := path.Join(above, path.Base(at))
	if err != nil || !c.free(real) {
		return err
	}
	file, err := c.tree.OpenFile(strings.TrimPrefix(real, "/"), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	c.standIn[real] = true
	return errors.Join(file.Chmod(0o755), file.Close())
}
