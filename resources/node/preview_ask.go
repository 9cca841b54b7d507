package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Ask asks judges for their verdicts on the picture, side by side. Those that
// are equal but for what is Named are asked as one. Each is killed with its
// children at the end of its limit. They share the picture: what one writes,
// another may see.
func (p *Preview) Ask(ctx context.Context, judges []Judge) []Verdict {
	verdicts := merge(judges)
	if err := p.scene.equip(ctx, judges); err != nil {
		for i := range verdicts {
			verdicts[i].refuse(fmt.Sprintf("the preview cannot be prepared: %v", err))
		}
		return verdicts
	}
	places := make(chan struct{}, max(4, runtime.NumCPU()))
	var asked sync.WaitGroup
	for i := range verdicts {
		places <- struct{}{}
		asked.Go(func() {
			p.ask(ctx, &verdicts[i])
			<-places
		})
	}
	asked.Wait()
	return verdicts
}

func (v *Verdict) refuse(words string) { v.Refused, v.Words = true, words }

// ask lets one judge speak.
func (p *Preview) ask(ctx context.Context, v *Verdict) {
	began := time.Now()
	defer func() { v.Took = time.Since(began) }()
	c, err := p.command(v.Judge)
	if errors.Is(err, unix.ENOENT) {
		v.Missing = true
		v.refuse(missing(v.Judge))
		return
	}
	said := ""
	if err == nil {
		said, err = p.run(ctx, c)
	}
	var failed *commandError
	switch {
	case err == nil:
		v.Words = remarks(said, v.Judge.Calm)
	case errors.As(err, &failed) && failed.code >= 0 && strings.TrimSpace(said) != "":
		v.refuse(cmp.Or(remarks(said, v.Judge.Calm), strings.TrimSpace(said)))
	default:
		v.Late = failed != nil && failed.late > 0
		v.refuse(err.Error())
	}
}

// run runs a program in the picture to its end.
func (p *Preview) run(ctx context.Context, c command) (said string, err error) {
	var judge *running
	err = p.scene.do(func() (err error) {
		judge, err = start(ctx, c)
		return err
	})
	if err != nil {
		return "", err
	}
	return judge.wait()
}

func missing(j Judge) string {
	words := fmt.Sprintf("there is no program %s on this node", j.Argv[0])
	if j.Package != "" {
		words += ": install the package " + j.Package
	}
	return words
}

// command is how a judge is started in the picture. The error is ENOENT when
// its program is not there.
func (p *Preview) command(j Judge) (command, error) {
	program, err := p.machine.program(j.Argv[0])
	if err != nil {
		return command{}, err
	}
	as, home, err := p.machine.identity(j.User)
	if err != nil {
		return command{}, err
	}
	argv := append([]string{program}, j.Argv[1:]...)
	return command{
		argv:   append(argv, j.Named...),
		env:    append([]string{"HOME=" + home}, j.Env...),
		limit:  cmp.Or(j.Limit, programLimit),
		chroot: procFD(p.scene.root()),
		as:     as,
	}, nil
}

// identity is a user with all its groups, as the machine's own passwd(5) and
// group(5) know it, and its home.
func (m *Machine) identity(name string) (*syscall.Credential, string, error) {
	if name == "" {
		name = "root"
	}
	users := m.userDB()
	u, ok := users.User(name)
	if !ok {
		return nil, "", fmt.Errorf("it should run as %s: there is no such user", name)
	}
	as := &syscall.Credential{Uid: uint32(u.UID), Gid: uint32(u.GID)}
	for _, group := range u.Groups {
		if g, ok := users.Group(group); ok {
			as.Groups = append(as.Groups, uint32(g.GID))
		}
	}
	return as, u.Home, nil
}

// program finds a program on the machine as root's PATH would; ENOENT when
// there is none.
func (m *Machine) program(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, m.executable(name)
	}
	for _, dir := range programDirs {
		if m.executable(dir+"/"+name) == nil {
			return dir + "/" + name, nil
		}
	}
	return "", unix.ENOENT
}

// executable is nil for a file that may be executed, and ENOENT otherwise.
func (m *Machine) executable(path string) error {
	fd, err := m.open(path, unix.O_PATH)
	if err != nil {
		return unix.ENOENT
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Mode&0o111 == 0 {
		return unix.ENOENT
	}
	return nil
}
