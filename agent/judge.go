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
	if len(hearings) == 0 || stopped(ctx) != nil {
		r.examine(ctx, r.steps)
		return
	}
	judges := make([]node.Judge, len(hearings))
	for i, h := range hearings {
		judges[i] = h.judge
	}
	verdicts, err := r.ask(ctx, changesOf(r.order), judges)
	var hard *node.ChangeError
	switch {
	case stopped(ctx) != nil: // what was cut short is no ruling
	case errors.Is(err, node.ErrNoPreview):
		r.report.note("not judged: %s", err)
		r.report.unjudged(hearings)
	case errors.As(err, &hard):
		r.without(hard)
		r.plan(ctx, r.unmade())
		r.judge(ctx)
		return
	case err != nil:
		r.refuse(hearings[0].step, fmt.Errorf("preview: %w", err))
	default:
		r.weigh(ctx, hearings, verdicts)
	}
	r.examine(ctx, r.steps)
}

// without takes the step out of the run that planned a change which cannot be
// made; it is planned once more when the node has merely moved on.
func (r *run) without(hard *node.ChangeError) {
	for _, s := range r.order {
		if !slices.Contains(s.plan.Changes, hard.Change) {
			continue
		}
		var moved *node.MovedError
		if errors.As(hard, &moved) && !s.moved {
			s.moved, s.state = true, pending
			return
		}
		s.fail(hard)
		return
	}
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

// changesOf is the changes of some steps that are to be made, in order.
func changesOf(steps []*step) []node.Change {
	var changes []node.Change
	for _, s := range steps {
		if s.acts() {
			changes = append(changes, s.plan.Changes...)
		}
	}
	return changes
}

// ask asks judges in a preview of the node with some changes made.
func (r *run) ask(ctx context.Context, changes []node.Change, judges []node.Judge) (verdicts []node.Verdict, err error) {
	dir, remove, err := r.scratch()
	if err != nil {
		return nil, err
	}
	defer remove()
	preview, err := r.machine.Preview(ctx, dir, changes)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, preview.Close()) }()
	if why := preview.Fallback(); why != "" {
		r.report.note("judged in a copied tree: %s", why)
	}
	return hushed(preview.Ask(ctx, judges), changesOf(r.order)), nil
}

// weigh turns verdicts into refusals. What a judge says of the node as it is
// today is nobody's fault here: it is reported, and stops nothing.
func (r *run) weigh(ctx context.Context, hearings []hearing, verdicts []node.Verdict) {
	var against []node.Verdict
	var judges []node.Judge
	for _, v := range verdicts {
		if v.Missing && r.machine.Offline() {
			r.report.note("not judged: there is no %s in this tree", v.Judge.Argv[0])
			r.report.unjudged(askers(v, hearings))
			continue
		}
		r.report.ruled(v, askers(v, hearings))
		switch {
		case v.Late: // it would take as long again to say what it thinks of the present
			r.rule(v, node.Complaints(node.Verdict{}, v), askers(v, hearings))
		case v.Refused:
			against = append(against, v)
			judges = append(judges, v.Judge)
		case v.Words != "":
			r.report.note("%s agrees, and remarks: %s", v.Judge.Argv[0], oneLine(v.Words))
		}
	}
	if len(against) == 0 {
		return
	}
	today, err := r.ask(ctx, nil, judges)
	if err != nil {
		today = make([]node.Verdict, len(judges))
	}
	for i, v := range against {
		r.rule(v, node.Complaints(today[i], v), askers(v, hearings))
	}
}

// askers is the hearings that a verdict answers.
func askers(v node.Verdict, hearings []hearing) []hearing {
	var list []hearing
	for _, i := range v.Asked {
		list = append(list, hearings[i])
	}
	return list
}

// rule refuses the steps that the new complaints of a verdict concern.
func (r *run) rule(v node.Verdict, complaints []string, askers []hearing) {
	if len(complaints) == 0 {
		r.report.note("%s finds fault with this node as it is, before any change: %s", v.Judge.Argv[0], oneLine(v.Words))
		return
	}
	for s, lines := range blame(complaints, askers) {
		words := strings.Join(lines, "\n")
		if !v.Missing {
			words = v.Judge.Argv[0] + " refuses: " + strings.TrimPrefix(words, v.Judge.Argv[0]+": ")
		}
		r.refuse(s, errors.New(words))
	}
}

// examine refuses what cannot be together, and asks the resources for their
// conditions on the complete future, and what they have to say of it.
func (r *run) examine(ctx context.Context, steps []*step) {
	r.refuseUndoers(ctx)
	for _, s := range steps {
		if s.broken() {
			continue
		}
		switch one := s.resource.(type) {
		case resources.Remarker:
			remarks, err := one.Remark(r.future)
			r.object(s, err)
			for _, remark := range remarks {
				s.note(remark)
			}
		case resources.Examiner:
			r.object(s, one.Examine(ctx, r.future))
		}
	}
}

// object refuses a step for an error, if there is one; one that is only audited
// gets a note.
func (r *run) object(s *step, err error) {
	switch {
	case err == nil:
	case s.audit:
		s.note(err.Error())
	default:
		r.refuse(s, err)
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
