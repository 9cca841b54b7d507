package agent

import (
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/manifests"
	"github.com/makenotwork/mnw-agent/resources"
)

// concealer takes the secrets that a manifest declares out of a text.
func concealer(m *manifests.Manifest) func(string) string {
	const short = 4 // what is shorter stands in texts by chance
	var secrets []string
	if m == nil {
		return func(text string) string { return text }
	}
	for i := range m.Entries {
		e := &m.Entries[i]
		if s, ok := e.Resource.(resources.Secretive); ok {
			for _, secret := range s.Conceals() {
				if len(secret) >= short {
					secrets = append(secrets, secret)
				}
			}
		}
	}
	if len(secrets) == 0 {
		return func(text string) string { return text }
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, secret := range secrets {
		pairs = append(pairs, secret, "(hidden)")
	}
	return strings.NewReplacer(pairs...).Replace
}
