package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// A hearing is one judge with the step that asks for it.
type hearing struct {
	step  *step
	judge node.Judge
}

// judge lets the judges rule on the complete future, and examines the
// conditions that the resources have on it. One refusal, and nothing is written.
func (r *run) judge(ctx context.Context) {
	hearings := r.hearings()
	r.progress.Phase("judge", len(hearings))
	r.examine(ctx, r.steps)
	if len(hearings) == 0 || stopped(ctx) != nil {
		return
	}
	verdicts, err := r.ask(ctx, r.planned(), hearings)
	switch {
	case errors.Is(err, node.ErrNoPreview):
		r.report.note("not judged: %s", err)
		r.report.unjudged(hearings)
		return
	case err != nil:
		r.refuse(hearings[0].step, fmt.Errorf("preview: %w", err))
		return
	}
	r.weigh(ctx, hearings, verdicts)
}

// hearings is the judges to be asked: those that read what a planned change
// touches.
func (r *run) hearings() []hearing {
	var list []hearing
	for _, s := range r.steps {
		judged, ok := s.resource.(resources.Judged)
		if !ok || s.broken() || s.audit {
			continue
		}
		judges, err := judged.Judges(r.future)
		if err != nil {
			r.refuse(s, err)
		}
		for _, j := range judges {
			if slices.ContainsFunc(j.Reads, r.future.Touched) {
				list = append(list, hearing{s, j})
			}
		}
	}
	return list
}

// planned is all changes that are to be made, in order.
func (r *run) planned() []node.Change {
	var changes []node.Change
	for _, s := range r.order {
		if s.acts() {
			changes = append(changes, s.plan.Changes...)
		}
	}
	return changes
}

// ask asks judges in a preview of the node with some changes made, and returns
// a verdict for each hearing.
func (r *run) ask(ctx context.Context, changes []node.Change, hearings []hearing) ([]node.Verdict, error) {
	dir, remove, err := r.scratch()
	if err != nil {
		return nil, err
	}
	defer remove()
	preview, err := r.machine.Preview(ctx, dir, changes)
	if err != nil {
		return nil, err
	}
	defer preview.Close()
	if why := preview.Fallback(); why != "" {
		r.report.note("judged in a copied tree, for the kernel refuses a private mount namespace: %s", why)
	}
	judges := make([]node.Judge, len(hearings))
	for i, h := range hearings {
		judges[i] = h.judge
	}
	return preview.Ask(ctx, judges), nil
}

// weigh turns verdicts into refusals. What a judge says of the node as it is
// today is nobody's fault here: it is reported, and stops nothing.
func (r *run) weigh(ctx context.Context, hearings []hearing, verdicts []node.Verdict) {
	var contested []hearing
	var against []node.Verdict
	for i, v := range verdicts {
		r.report.ruled(hearings[i], v)
		switch {
		case v.Missing:
			r.refuse(hearings[i].step, fmt.Errorf("%s is not on this node: install the package %s", v.Judge.Argv[0], v.Judge.Package))
		case v.Refused:
			contested = append(contested, hearings[i])
			against = append(against, v)
		}
	}
	if len(contested) == 0 {
		return
	}
	today, err := r.ask(ctx, nil, contested)
	if err != nil {
		today = make([]node.Verdict, len(contested))
	}
	for i, h := range contested {
		complaints := node.Complaints(today[i], against[i])
		if len(complaints) == 0 {
			r.report.note("%s finds fault with this node as it is, before any change: %s", h.judge.Argv[0], oneLine(against[i].Words))
			continue
		}
		if blames(h, contested, complaints) {
			r.refuse(h.step, fmt.Errorf("%s refuses: %s", h.judge.Argv[0], strings.Join(complaints, "\n")))
		}
	}
}

// blames says whether complaints concern a hearing. When several steps asked
// for the same judge, they concern those whose names or paths are in them, or
// all of them when none is named.
func blames(h hearing, all []hearing, complaints []string) bool {
	text := strings.Join(complaints, "\n")
	named := func(h hearing) bool {
		own := h.judge.Named
		if owner, ok := h.step.resource.(resources.Owner); ok {
			for _, subject := range owner.Owns() {
				own = append(slices.Clip(own), subject.Name)
			}
		}
		return slices.ContainsFunc(own, func(name string) bool { return strings.Contains(text, name) })
	}
	if named(h) {
		return true
	}
	return !slices.ContainsFunc(all, func(other hearing) bool {
		return slices.Equal(other.judge.Argv, h.judge.Argv) && named(other)
	})
}

// examine asks the resources for their conditions on the complete future.
func (r *run) examine(ctx context.Context, steps []*step) {
	for _, s := range steps {
		examiner, ok := s.resource.(resources.Examiner)
		if !ok || s.broken() {
			continue
		}
		if err := examiner.Examine(ctx, r.future); err != nil {
			if s.audit {
				s.plan.Notes = append(s.plan.Notes, err.Error())
				continue
			}
			r.refuse(s, err)
		}
	}
}

// refuse stops the run before the next write, because of a step.
func (r *run) refuse(s *step, err error) {
	if s.state == refused {
		err = errors.Join(s.err, err)
	}
	s.state, s.err = refused, err
	r.report.Refused = true
}

func oneLine(words string) string {
	return strings.Join(strings.Fields(words), " ")
}
