package test

import (
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// examplesDir is where the manifests of the cutover are on a node.
const examplesDir = "/root/mnw/"

// oldServer is a node that is the server before its cutover, with release 0.9.5
// brought and nothing run from it.
func oldServer(t *testing.T) *boot.Machine {
	t.Helper()
	m := boot.Node(t)
	m.Server()
	m.Release("0.9.5")
	m.Put("../examples/mnw", examplesDir)
	m.InstallAgent()
	return m
}

// What was there before the cutover is written down: nothing differs.
func TestProdBefore(t *testing.T) {
	t.Parallel()
	m := oldServer(t)
	if result := m.Agent("plan", examplesDir+"prod-before.yaml"); result.Code != 0 {
		t.Fatal(result)
	}
	if result := m.Agent("apply", examplesDir+"prod-before.yaml"); result.Code != 0 {
		t.Fatal(result)
	}
	m.MustSh("echo '# by hand' >>/etc/sudoers.d/mnw-git-ssh")
	if result := m.Agent("plan", examplesDir+"prod-before.yaml"); result.Code != 2 {
		t.Fatal(result)
	}
}
