package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// A takenBack resource wants undone what earlier runs have made of a resource.
type takenBack struct {
	id   resources.ID
	made []pastChange
	runs string            // which runs those were
	kept map[string]string // what is left alone, to the id of the resource that has it now
}

// Plan is part of resources.Resource.
func (t *takenBack) Plan(_ context.Context, v node.View) (node.Plan, error) {
	all := node.Plan{}
	for _, what := range slices.Sorted(maps.Keys(t.kept)) {
		all.Notes = append(all.Notes, fmt.Sprintf("%s is left alone: it is %s now", what, t.kept[what]))
	}
	if len(t.made) == 0 {
		if len(t.kept) == 0 {
			all.Notes = []string{"it has left the manifest; nothing of it was made by this agent, as far as the journal tells, and nothing is taken back"}
		}
		return all, nil
	}
	all.Notes = append(all.Notes, "it has left the manifest: what "+t.runs+" made of it is taken back")
	for _, c := range slices.Backward(t.made) {
		plan, err := c.back(v.With(all.Changes...))
		var moved *node.MovedError
		if errors.As(err, &moved) {
			moved.Since = t.runs
			err = fmt.Errorf("somebody has changed it since: %w", err)
		}
		if err != nil {
			return all, fmt.Errorf("it has left the manifest, and is not taken back: %w", err)
		}
		all.Changes, all.Notes = append(all.Changes, plan.Changes...), append(all.Notes, plan.Notes...)
	}
	return all, nil
}

// Judges is part of resources.Judged: those of its type rule on the node without it.
func (t *takenBack) Judges(v node.View) ([]node.Judge, error) {
	judged, ok := resources.New(t.id).(resources.Judged)
	if !ok {
		return nil, nil
	}
	if strings.HasPrefix(t.id.Name, "/") {
		if s, err := v.Lstat(t.id.Name); err != nil || s.Kind == node.Absent {
			return nil, err // nothing is left to rule on
		}
	}
	return judged.Judges(v)
}

// paths is what was made that has a path.
func (t *takenBack) paths() []string {
	var list []string
	for _, c := range t.made {
		if s := c.subject(); s.Kind == node.OfPath {
			list = append(list, s.Name)
		}
	}
	return list
}

func named(runs []int) string {
	text := make([]string, len(runs))
	for i, n := range runs {
		text[i] = fmt.Sprint(n)
	}
	switch len(text) {
	case 0:
		return ""
	case 1:
		return "run " + text[0]
	case 2, 3:
		return "runs " + strings.Join(text[:len(text)-1], ", ") + " and " + text[len(text)-1]
	}
	return fmt.Sprintf("%d runs, from %s to %s,", len(text), text[0], text[len(text)-1])
}
