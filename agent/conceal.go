package agent

import (
	"strings"

	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// concealer takes the secrets that a manifest declares out of a text.
func concealer(m *manifests.Manifest) func(string) string {
	var secrets []string
	if m == nil {
		return func(text string) string { return text }
	}
	for i := range m.Entries {
		e := &m.Entries[i]
		if s, ok := e.Resource.(resources.Secretive); ok {
			secrets = append(secrets, s.Conceals()...)
		}
	}
	return without(secrets)
}

// hushed is verdicts without the lines of files that the changes keep from being
// shown: a judge may quote what it reads.
func hushed(verdicts []node.Verdict, changes []node.Change) []node.Verdict {
	conceal := without(hidden(changes))
	for i := range verdicts {
		verdicts[i].Words = conceal(verdicts[i].Words)
	}
	return verdicts
}

// hidden is the lines that changes keep from being shown.
func hidden(changes []node.Change) []string {
	var secrets []string
	for _, c := range changes {
		if c, ok := c.(*node.PathChange); ok && c.Shown != nil {
			secrets = append(secrets, unshown(c.From.Content, c.Shown)...)
			secrets = append(secrets, unshown(c.To.Content, c.Shown)...)
		}
	}
	return secrets
}

// unshown is the lines of a content that are not among those which may be shown,
// and the values in them.
func unshown(content *node.Content, shown *node.Shown) []string {
	if content == nil {
		return nil
	}
	public := map[string]bool{}
	for line := range strings.SplitSeq(shown.Before+"\n"+shown.After, "\n") {
		public[line] = true
	}
	var secrets []string
	for line := range strings.Lines(string(content.Bytes())) {
		line = strings.TrimSpace(line)
		if public[line] {
			continue
		}
		_, value, _ := strings.Cut(line, "=")
		secrets = append(secrets, line, strings.Trim(value, `"'`))
	}
	return secrets
}
