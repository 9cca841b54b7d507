package resources

import (
	"context"
	"fmt"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file keeps a path while it holds what the one that has taken its place lacks.

// mindTwin tells how the path and its twin differ, which is drift while both are there,
// and an error when nothing but what the twin lacks keeps the path where it is.
func (r *Retired) mindTwin(ctx context.Context, plan *node.Plan, v node.View, now node.State, due bool) error {
	if r.Twin == "" || now.Kind != node.Directory && now.Kind != node.File {
		return nil
	}
	t, err := compareTwins(ctx, v, string(r.Path), string(r.Twin), byDigest)
	if err == nil && due && len(t.lacks) == 0 {
		t, err = compareTwins(ctx, v, string(r.Path), string(r.Twin), byContent)
	}
	switch {
	case err != nil && (due || ctx.Err() != nil):
		return plainError{fmt.Errorf("twin: %w", err)}
	case err != nil:
		plan.Differs = append(plan.Differs, fmt.Sprintf("whether it and its twin hold the same cannot be told: %s", plainly(err.Error())))
		return nil
	}
	lacks, ahead := t.lacking(r.Twin), t.leading(r.Twin)
	switch {
	case due && lacks == "" && ahead != "": // it goes, and nothing is lost with it
		plan.Notes = append(plan.Notes, ahead)
		return nil
	case lacks != "":
		plan.Differs = append(plan.Differs, lacks)
	}
	if ahead != "" {
		plan.Differs = append(plan.Differs, ahead)
	}
	if due && lacks != "" {
		return fmt.Errorf("it stays: %s", lacks)
	}
	return nil
}

// A plainError is told on one line, whatever names are in it.
type plainError struct{ error }

func (e plainError) Error() string { return plainly(e.error.Error()) }

func (e plainError) Unwrap() error { return e.error }

// lacking is what the newer twin lacks, line by line, "" when it has all.
func (t *twins) lacking(newer Path) string {
	if len(t.lacks) == 0 {
		return ""
	}
	lines := t.lacks[:min(len(t.lacks), mostTold)]
	if more := len(t.lacks) - mostTold; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("it holds %s that %s lacks: see that they come there, or delete them here:\n%s",
		counted(len(t.lacks), "thing"), newer, strings.Join(lines, "\n"))
}

// leading is what the newer twin has alone, "" when it has nothing.
func (t *twins) leading(newer Path) string {
	if t.ahead == 0 {
		return ""
	}
	return fmt.Sprintf("%s has moved on since, in %s such as %s", newer, counted(t.ahead, "place"), t.example)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
