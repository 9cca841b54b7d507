package agent

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// diffLimit is the size from which on a difference is told, not shown.
const diffLimit = 1 << 20

// unified is a difference as a unified diff; empty when there is none.
func unified(d node.Diff) string {
	switch {
	case d.Empty():
		return ""
	case binary(d.Before) || binary(d.After):
		return fmt.Sprintf("%s: binary content differs (%d bytes before, %d after)\n", d.Name, len(d.Before), len(d.After))
	case len(d.Before) > diffLimit || len(d.After) > diffLimit:
		return fmt.Sprintf("%s: content differs (%d bytes before, %d after)\n", d.Name, len(d.Before), len(d.After))
	}
	return udiff.Unified(d.Name, d.Name, d.Before, d.After)
}

func binary(text string) bool {
	head := text[:min(len(text), 8000)]
	return bytes.IndexByte([]byte(head), 0) >= 0 || !utf8.ValidString(text)
}
