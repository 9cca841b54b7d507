package test

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// Whether a user gets somewhere is decided by the kernel, as that user: a mode that
// says no does not matter when an access control list says yes, nor the other way
// round. What is only planned is judged by what is planned.
func TestReachIsTheKernels(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	m.InstallAgent()
	m.Must("useradd", "--create-home", "web")
	m.Must("useradd", "web2")
	m.MustSh("mkdir -p /srv/closed/in; chmod 0750 /srv/closed; echo x >/srv/closed/in/file; chmod 0640 /srv/closed/in/file")
	const manifest = `
directories: {/srv/closed: {%s}, /srv/closed/in: {reachable_by: [web]}}
files: {/srv/closed/in/file: {readable_by: [web]}}
`
	declared := func(more string) string { return strings.Replace(manifest, "%s", more, 1) }
	refused := run(m, declared(""), "apply")
	for _, says := range []string{"web cannot get into /srv/closed (directory 0750 root:root)", "readable_by: web cannot get into /srv/closed"} {
		if refused.Code != 1 || !strings.Contains(refused.Stdout, says) {
			t.Errorf("it does not say %q: %s", says, refused)
		}
	}
	setfacl := func(args ...string) { m.Must(append([]string{"setfacl"}, args...)...) }
	setfacl("-m", "u:web:x", "/srv/closed")
	setfacl("-m", "u:web:r", "/srv/closed/in/file")
	if result := run(m, declared(""), "apply"); result.Code != 0 {
		t.Errorf("the list lets it in: %s", result)
	}
	setfacl("-m", "u:web:-", "/srv/closed")
	m.MustSh("chmod o+x /srv/closed")
	if result := run(m, declared(""), "apply"); result.Code != 1 {
		t.Errorf("the list keeps it out, and others may come: %s", result)
	}
	m.MustSh("setfacl -b /srv/closed; chmod 0755 /srv/closed")
	if result := run(m, declared("mode: 0750"), "plan"); result.Code != 1 {
		t.Errorf("the planned mode keeps it out: %s", result)
	}
}
