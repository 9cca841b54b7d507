package resources

import (
	"context"
	"fmt"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file keeps a path while it holds what the one that has taken its place lacks.

// mindTwin tells what the path holds and its twin lacks: an error when nothing else
// keeps the path where it is, notes until then.
func (r *Retired) mindTwin(ctx context.Context, plan *node.Plan, v node.View, now node.State, due bool) error {
	if r.Twin == "" || now.Kind != node.Directory && now.Kind != node.File {
		return nil
	}
	t, err := compareTwins(ctx, v, string(r.Path), string(r.Twin), false)
	if err == nil && due && len(t.lacks) == 0 {
		t, err = compareTwins(ctx, v, string(r.Path), string(r.Twin), true)
	}
	switch {
	case err != nil && due:
		return fmt.Errorf("twin: %w", err)
	case err != nil:
		plan.Notes = append(plan.Notes, fmt.Sprintf("twin: %s", err))
		return nil
	}
	if t.ahead > 0 {
		plan.Notes = append(plan.Notes, fmt.Sprintf("%s has moved on since, in %s such as %s", r.Twin, counted(t.ahead, "place"), t.example))
	}
	if len(t.lacks) == 0 {
		return nil
	}
	lines := t.lacks[:min(len(t.lacks), mostTold)]
	if more := len(t.lacks) - mostTold; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	holds := fmt.Sprintf("it holds %s that %s lacks", counted(len(t.lacks), "thing"), r.Twin)
	if due {
		return fmt.Errorf("it stays: %s: see that they come there, or delete them here:\n%s", holds, strings.Join(lines, "\n"))
	}
	plan.Notes = append(append(plan.Notes, holds), lines...)
	return nil
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
