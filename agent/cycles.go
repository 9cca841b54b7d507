package agent

import (
	"fmt"
	"slices"

	"github.com/hashicorp/go-multierror"
)

// cycles is an error that names a cycle of the edges in full, if there is one.
func cycles(steps []*step) error {
	const unseen, open, done = 0, 1, 2
	seen := make(map[*step]int, len(steps))
	var trail []*step
	var visit func(*step) error
	visit = func(s *step) error {
		switch seen[s] {
		case done:
			return nil
		case open:
			return cycleError(trail[slices.Index(trail, s):])
		}
		seen[s] = open
		trail = append(trail, s)
		for _, need := range s.needs {
			if err := visit(need); err != nil {
				return err
			}
		}
		trail = trail[:len(trail)-1]
		seen[s] = done
		return nil
	}
	for _, s := range steps {
		if err := visit(s); err != nil {
			return err
		}
	}
	return nil
}

func cycleError(cycle []*step) error {
	text := "these resources wait for each other:"
	for i, s := range cycle {
		text += fmt.Sprintf("\n  %s (%s) comes after %s", s.id, s.pos, cycle[(i+1)%len(cycle)].id)
	}
	return multierror.Append(nil, wrong(cycle[0].pos, "%s", text))
}
