package unitfile

import (
	"errors"
	"strings"
)

var errNoFact = errors.New("the tree does not tell")

// machineFact answers the specifiers about the machine from the files that
// tell it. On an image, which has no /proc, some stay unknown.
func machineFact(tree Tree, c byte) (string, error) {
	if field, ok := osReleaseFields[c]; ok {
		return osRelease(tree, field)
	}
	switch c {
	case 'm':
		return fact(tree, "/etc/machine-id")
	case 'b':
		id, err := fact(tree, "/proc/sys/kernel/random/boot_id")
		return strings.ReplaceAll(id, "-", ""), err
	case 'v':
		return fact(tree, "/proc/sys/kernel/osrelease")
	case 'H':
		return fact(tree, "/proc/sys/kernel/hostname")
	case 'l':
		name, err := fact(tree, "/proc/sys/kernel/hostname")
		short, _, _ := strings.Cut(name, ".")
		return short, err
	case 'q':
		return prettyHostname(tree)
	case 'a':
		return architecture(tree)
	}
	return "", errUnknownSpecifier
}

// fact is the one line of a file.
func fact(tree Tree, path string) (string, error) {
	text, err := tree.ReadFile(path)
	line := strings.TrimSpace(string(text))
	if err != nil || line == "" {
		return "", errNoFact
	}
	return line, nil
}

// osReleaseFields are the fields of os-release(5) behind specifiers.
var osReleaseFields = map[byte]string{
	'o': "ID", 'w': "VERSION_ID", 'B': "BUILD_ID", 'W': "VARIANT_ID", 'M': "IMAGE_ID", 'A': "IMAGE_VERSION",
}

// osRelease is a field, "" when the file does not have it.
func osRelease(tree Tree, field string) (string, error) {
	for _, path := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		if text, err := tree.ReadFile(path); err == nil {
			return shellField(string(text), field), nil
		}
	}
	return "", errNoFact
}

// shellField is the value of a variable in a file of shell assignments.
func shellField(text, field string) string {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), field+"="); ok {
			list, _ := words(value, quotes)
			return strings.Join(list, " ")
		}
	}
	return ""
}

func prettyHostname(tree Tree) (string, error) {
	text, _ := tree.ReadFile("/etc/machine-info")
	if name := shellField(string(text), "PRETTY_HOSTNAME"); name != "" {
		return name, nil
	}
	return machineFact(tree, 'l')
}

// architectures are systemd's names where they are not the kernel's, see
// ConditionArchitecture= in systemd.unit(5).
var architectures = map[string]string{
	"x86_64": "x86-64", "i686": "x86", "i586": "x86", "i486": "x86", "i386": "x86",
	"aarch64": "arm64", "armv6l": "arm", "armv7l": "arm", "armv8l": "arm",
	"ppc64le": "ppc64-le", "mips64": "mips64-le",
}

func architecture(tree Tree) (string, error) {
	name, err := fact(tree, "/proc/sys/kernel/arch")
	if known, ok := architectures[name]; ok {
		return known, nil
	}
	return name, err
}

func rootShell(tree Tree) string {
	if p, err := resolve(tree, "/bin/bash", true); err == nil && len(trail(tree, p)) > 0 {
		return "/bin/bash"
	}
	return "/bin/sh"
}
