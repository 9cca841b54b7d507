package test

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// stateDir is where the agent keeps its own files on a node.
const stateDir = "/var/lib/mnw-agent"

// movable boots the server that examples/mnw moves, with the release in place
// that the deployment tool brings, and the manifest in /root/mnw.
func movable(t *testing.T) *boot.Machine {
	t.Helper()
	m := boot.Node(t)
	m.Server()
	m.Release("0.9.5")
	m.Put("../examples/mnw", "/root/mnw")
	m.InstallAgent()
	return m
}

const mnwManifest = "/root/mnw/manifest.yaml"

// One apply moves the server, and the second one touches nothing.
func TestMnwConverges(t *testing.T) {
	t.Parallel()
	m := movable(t)
	result := m.Agent("apply", mnwManifest)
	if result.Code != 0 {
		t.Fatal(result)
	}
	t.Log(result)
	const url = "http://localhost:3000/api/health"
	if health := m.Must("curl", "--silent", "--fail", url); !strings.Contains(health, `"version":"0.9.5"`) {
		t.Errorf("%s: %s", url, health)
	}
	again := m.Agent("apply", mnwManifest)
	t.Log(again)
}
