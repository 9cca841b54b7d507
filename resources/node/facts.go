package node

import (
	"bufio"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Facts are what a manifest may know of a node, each a text. Those of an image
// come from its own files where it has them.
//
//	hostname       up to the first dot
//	fqdn           the whole name, as far as the node knows it
//	os_id          debian (ID of os-release(5))
//	os_version     12 (VERSION_ID)
//	os_codename    bookworm (VERSION_CODENAME)
//	arch           amd64, arm64, … as Debian names it
//	kernel         6.1.0-18-amd64
//	cpus           how many processors there are
//	machine_id     machine-id(5)
func Facts(root string) map[string]string {
	if root == "" {
		root = "/"
	}
	release := osRelease(root)
	name := hostname(root)
	short, _, _ := strings.Cut(name, ".")
	return map[string]string{
		"hostname":    short,
		"fqdn":        name,
		"os_id":       release["ID"],
		"os_version":  release["VERSION_ID"],
		"os_codename": release["VERSION_CODENAME"],
		"arch":        runtime.GOARCH,
		"kernel":      kernel(),
		"cpus":        strconv.Itoa(runtime.NumCPU()),
		"machine_id":  firstLine(path.Join(root, "etc/machine-id")),
	}
}

func hostname(root string) string {
	if root != "/" {
		if name := firstLine(path.Join(root, "etc/hostname")); name != "" {
			return name
		}
	}
	name, _ := os.Hostname()
	return name
}

func kernel() string {
	var uts unix.Utsname
	if unix.Uname(&uts) != nil {
		return ""
	}
	return unix.ByteSliceToString(uts.Release[:])
}

func firstLine(name string) string {
	text, _ := os.ReadFile(name)
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line)
}

// osRelease reads os-release(5).
func osRelease(root string) map[string]string {
	values := map[string]string{}
	file, err := os.Open(path.Join(root, "etc/os-release"))
	if err != nil {
		if file, err = os.Open(path.Join(root, "usr/lib/os-release")); err != nil {
			return values
		}
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), "="); ok {
			values[key] = strings.Trim(value, `"'`)
		}
	}
	return values
}
