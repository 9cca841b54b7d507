package test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// A sandbox is a directory with as much of a Debian in it as --root needs.
func sandbox(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	for _, dir := range []string{"etc/sudoers.d", "etc/systemd/system/multi-user.target.wants", "etc/caddy", "home", "opt", "root", "srv",
		"usr/lib/systemd/system", "var/lib", "var/spool/cron/crontabs"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, file := range sandboxFiles {
		if err := os.WriteFile(filepath.Join(root, name), []byte(file.text), file.mode); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

var sandboxFiles = map[string]struct {
	mode fs.FileMode
	text string
}{
	"etc/passwd": {0o644, `root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`},
	"etc/group": {0o644, `root:x:0:
daemon:x:1:
adm:x:4:
www-data:x:33:
disk:x:6:
lp:x:7:
mail:x:8:
news:x:9:
uucp:x:10:
audio:x:29:
video:x:44:
games:x:60:
users:x:100:
nogroup:x:65534:
`},
	"etc/shadow": {0o640, `root:*:19700:0:99999:7:::
daemon:*:19700:0:99999:7:::
www-data:*:19700:0:99999:7:::
nobody:*:19700:0:99999:7:::
`},
	"etc/gshadow": {0o640, `root:*::
daemon:*::
adm:*::
www-data:*::
disk:*::
lp:*::
mail:*::
news:*::
uucp:*::
audio:*::
video:*::
games:*::
users:*::
nogroup:*::
`},
	"etc/sudoers": {0o440, "root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n"},
}
