package test

import (
	"encoding/json"
	"testing"

	"github.com/makenotwork/mnw-agent/agent"
	"github.com/makenotwork/mnw-agent/test/boot"
)

// stateDir is where the agent keeps its own files on a node.
const stateDir = agent.DefaultStateDir

// manifestPath is where run puts a manifest.
const manifestPath = "/root/manifest.yaml"

// ready boots a node that has all that the agent needs, so that what changes
// from now on is a manifest's doing.
func ready(t *testing.T) *boot.Machine {
	t.Helper()
	m := boot.Node(t)
	m.InstallAgent()
	m.Must("mkdir", "--mode=0700", stateDir)
	m.WriteFile(manifestPath, "", 0o600)
	return m
}

// run puts a manifest into the node and runs the agent with it.
func run(m *boot.Machine, manifest string, args ...string) boot.Result {
	m.WriteFile(manifestPath, "version: 1\n"+manifest, 0o600)
	return m.Agent(append(args, manifestPath)...)
}

// report is the document that the agent has printed.
func report(t *testing.T, result boot.Result) *agent.Report {
	t.Helper()
	r := new(agent.Report)
	if err := json.Unmarshal([]byte(result.Stdout), r); err != nil {
		t.Fatalf("%v: %s", err, result)
	}
	return r
}

// pid is the main process of a service.
func pid(m *boot.Machine, unit string) string {
	return m.Must("systemctl", "show", "--property=MainPID", "--value", unit)
}

// unitsLoaded is when systemd last began to read unit files.
func unitsLoaded(m *boot.Machine) string {
	return m.Must("systemctl", "show", "--property=UnitsLoadTimestampMonotonic", "--value")
}
