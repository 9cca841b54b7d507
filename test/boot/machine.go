package boot

import (
	"context"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// A Machine is a node that belongs to a test. What cannot be done fails the
// test, with what the node said.
type Machine struct {
	*Container
	t testing.TB
}

// Node boots a fresh node for a test. It ends with the test; when the test has
// failed, the end of the node's journal is in the test's log.
//
// Where no node can boot the test is skipped, with the reason; in continuous
// integration (CI=true) it fails, since nothing would be tested there.
func Node(t testing.TB, opts ...Option) *Machine {
	t.Helper()
	if err := Available(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	c, err := Start(context.Background(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(c.Journal())
		}
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return &Machine{Container: c, t: t}
}

// For is the same node in the hands of a subtest.
func (m *Machine) For(t testing.TB) *Machine { return &Machine{Container: m.Container, t: t} }

// Run runs a command inside the node; it may fail.
func (m *Machine) Run(argv ...string) Result {
	m.t.Helper()
	result, err := m.Container.Run(argv...)
	m.check(err)
	return result
}

// Sh runs a script by the node's /bin/sh, which stops at the first command
// that fails; it may fail.
func (m *Machine) Sh(script string) Result {
	m.t.Helper()
	result, err := m.Container.Sh(script)
	m.check(err)
	return result
}

// Must runs a command that has to succeed, and returns its standard output
// without white space at the ends.
func (m *Machine) Must(argv ...string) string {
	m.t.Helper()
	result := m.Run(argv...)
	if result.Code != 0 {
		m.t.Fatalf("%s: %s", strings.Join(argv, " "), result)
	}
	return strings.TrimSpace(result.Stdout)
}

// MustSh is Must for a script.
func (m *Machine) MustSh(script string) string {
	m.t.Helper()
	return m.Must("sh", "-euc", script)
}

// Agent runs the agent inside the node; it may fail.
func (m *Machine) Agent(args ...string) Result {
	m.t.Helper()
	result, err := m.Container.Agent(args...)
	m.check(err)
	return result
}

// InstallAgent puts the agent at [AgentPath], for what runs it otherwise than
// by Agent.
func (m *Machine) InstallAgent() {
	m.t.Helper()
	m.check(m.Container.InstallAgent())
}

// Install puts a program of this module into the node; see [Container.Install].
func (m *Machine) Install(dir, path string) {
	m.t.Helper()
	m.check(m.Container.Install(dir, path))
}

// Execs runs a command and returns every program that it executed, its own
// first.
func (m *Machine) Execs(argv ...string) (Result, []string) {
	m.t.Helper()
	result, programs, err := m.Container.Execs(argv...)
	m.check(err)
	return result, programs
}

// WriteFile writes a file; see [Container.WriteFile].
func (m *Machine) WriteFile(file, content string, mode fs.FileMode, owner ...string) {
	m.t.Helper()
	m.check(m.Container.WriteFile(file, content, mode, owner...))
}

// ReadFile returns what is in a file, links followed.
func (m *Machine) ReadFile(file string) string {
	m.t.Helper()
	content, err := m.Container.ReadFile(file)
	m.check(err)
	return content
}

// Put copies a directory of this machine into the node; see [Container.Put].
func (m *Machine) Put(directory, to string) {
	m.t.Helper()
	m.check(m.Container.Put(os.DirFS(directory), to))
}

// Snapshot looks at the node's file tree; see [Container.Snapshot].
func (m *Machine) Snapshot(except ...string) Snapshot {
	m.t.Helper()
	snapshot, err := m.Container.Snapshot(except...)
	m.check(err)
	return snapshot
}

// Server makes the node the server before its move; see [Server].
func (m *Machine) Server() {
	m.t.Helper()
	m.check(Server(m.Container))
}

// Release puts a release in place; see [Release].
func (m *Machine) Release(version string) {
	m.t.Helper()
	m.check(Release(m.Container, version))
}

// IllRelease puts a release in place that does not work; see [IllRelease].
func (m *Machine) IllRelease(version string) {
	m.t.Helper()
	m.check(IllRelease(m.Container, version))
}

func (m *Machine) check(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}
