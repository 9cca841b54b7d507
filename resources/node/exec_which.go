package node

import (
	"cmp"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

func programName(argv0 string) string { return argv0[strings.LastIndexByte(argv0, '/')+1:] }

// programDirs is where root's programs are.
var programDirs = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// which finds a program as root's PATH would, whatever PATH the caller has.
func which(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, dir := range programDirs {
		if unix.Access(dir+"/"+name, unix.X_OK) == nil {
			return dir + "/" + name, nil
		}
	}
	return "", fmt.Errorf("%s: there is no such program on this node: install the package %s", name, cmp.Or(packages[name], "passwd"))
}

// packages bring the programs that change a node; passwd brings all others, those
// for users and groups.
var packages = map[string]string{"crontab": "cron", "journalctl": "systemd"}
