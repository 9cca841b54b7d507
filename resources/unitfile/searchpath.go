package unitfile

import (
	"path"
	"slices"
	"strings"
)

// SearchPath is where the system manager looks for units, what wins first.
// See "UNIT FILE LOAD PATH" in systemd.unit(5) and "systemd-analyze unit-paths".
var SearchPath = []string{
	"/etc/systemd/system.control",
	"/run/systemd/system.control",
	"/run/systemd/transient",
	"/run/systemd/generator.early",
	"/etc/systemd/system",
	"/etc/systemd/system.attached",
	"/run/systemd/system",
	"/run/systemd/system.attached",
	"/run/systemd/generator",
	"/usr/local/lib/systemd/system",
	"/lib/systemd/system",
	"/usr/lib/systemd/system",
	"/run/systemd/generator.late",
}

// underSearchPath reports whether p is in or below a directory of SearchPath.
func underSearchPath(p string) bool {
	return slices.ContainsFunc(SearchPath, func(dir string) bool {
		return p == dir || strings.HasPrefix(p, dir+"/")
	})
}

// inSearchPath reports whether the file p is directly in one of them.
func inSearchPath(p string) bool { return slices.Contains(SearchPath, path.Dir(p)) }

// ConfigDir is where units of the administrator are, and where enabling makes
// its links.
const ConfigDir = "/etc/systemd/system"

const (
	runtimeDir   = "/run/systemd/system" // ConfigDir until the next boot
	transientDir = "/run/systemd/transient"
)

func isConfigDir(dir string) bool { return dir == ConfigDir || dir == runtimeDir }

func isGeneratorDir(dir string) bool {
	return strings.HasPrefix(dir, "/run/systemd/generator") && slices.Contains(SearchPath, dir)
}

// isRuntime reports whether p is gone after the next boot.
func isRuntime(p string) bool { return strings.HasPrefix(p, "/run/") }
