package test

import (
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/boot"
)

// A secret does not show in what others say of it, either: the last words of a
// service, the complaint of a judge.
func TestSecretsOfOthersWords(t *testing.T) {
	t.Parallel()
	m := boot.Node(t)
	for what, c := range map[string]struct {
		code     int
		manifest string
	}{
		"last words": {3, `
env_files:
  /etc/loud.env: {secrets: {TOKEN: "canary-one two", LINES: "canary-first\ncanary-second"}}
units:
  loud.service:
    active: true
    content: "[Service]\nEnvironmentFile=/etc/loud.env\nExecStart=/bin/sh -c 'echo \"the token is $TOKEN\"; echo \"$LINES\"; exit 3'\n"
`},
		"judge": {1, `
files:
  /etc/loud.conf: {content: "canary-one two\n", sensitive: true, validate: [sh, -c, "cat /etc/loud.conf; exit 3"]}
`},
	} {
		for _, format := range []string{"--json", "--diff"} {
			result := run(m, c.manifest, "apply", "--retry-held", format)
			if result.Code != c.code || !strings.Contains(result.Stdout, "(hidden)") {
				t.Errorf("%s: %s", what, result)
			}
			if strings.Contains(result.Stdout+result.Stderr, "canary") {
				t.Errorf("%s: it shows a secret: %s", what, result)
			}
		}
	}
}
