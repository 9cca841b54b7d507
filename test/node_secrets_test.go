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
	for what, manifest := range map[string]string{
		"last words": `
env_files:
  /etc/loud.env: {secrets: {TOKEN: "canary-one two", LINES: "canary-first\ncanary-second"}}
units:
  loud.service:
    active: true
    content: "[Service]\nEnvironmentFile=/etc/loud.env\nExecStart=/bin/sh -c 'echo \"the token is $TOKEN\"; echo \"$LINES\"; exit 3'\n"
`,
		"judge": `
files:
  /etc/loud.conf: {content: "canary-one two\n", sensitive: true, validate: [sh, -c, "cat /etc/loud.conf; exit 3"]}
`,
	} {
		for _, format := range []string{"--json", "--diff"} {
			result := run(m, manifest, "apply", format)
			if result.Code != 1 || !strings.Contains(result.Stdout, "(hidden)") {
				t.Errorf("%s: %s", what, result)
			}
			if strings.Contains(result.Stdout+result.Stderr, "canary") {
				t.Errorf("%s: it shows a secret: %s", what, result)
			}
		}
	}
}
