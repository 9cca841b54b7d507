package test

import (
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// What is not declared of a file stays with it when its content changes:
// owner, mode, access control list and attributes. Its other names keep the old
// content, and its readers see the old one or the new one, never a part.
func TestNewContent(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.MustSh(`
printf old >/srv/file; chown daemon:adm /srv/file; chmod 4640 /srv/file; ln /srv/file /srv/other
setfattr -n user.note -v kept /srv/file; setfacl -m u:games:rw /srv/file
getfacl --omit-header --absolute-names /srv/file >/root/acl; sleep infinity </srv/file >/dev/null 2>&1 & echo $! >/root/reader`)
	if result := run(m, "files: {/srv/file: {content: new}}\n", "apply"); result.Code != 0 {
		t.Fatal(result)
	}
	for what, script := range map[string]string{
		"content":    `test "$(cat /srv/file)" = new`,
		"other name": `test "$(cat /srv/other)" = old`,
		"reader":     `test "$(cat /proc/$(cat /root/reader)/fd/0)" = old`,
		"owner":      `test "$(stat -c %U:%G /srv/file)" = daemon:adm`,
		"setuid":     `test -u /srv/file`,
		"attribute":  `test "$(getfattr --only-values --absolute-names -n user.note /srv/file)" = kept`,
		"acl":        `getfacl --omit-header --absolute-names /srv/file | cmp - /root/acl`,
	} {
		if result := m.Sh(script); result.Code != 0 {
			t.Errorf("%s: %s: %s", what, script, result)
		}
	}
}
