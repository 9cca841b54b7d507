package agent

import (
	"cmp"
	"slices"
)

// waves hands out steps as soon as all that they need is done, those of the
// lowest rank first.
type waves struct {
	missing map[*step]int     // how many needs are not done
	waiting map[*step][]*step // by what they wait for
	ready   [afterAll + 1][]*step
}

func newWaves(steps []*step) *waves {
	w := &waves{missing: make(map[*step]int), waiting: make(map[*step][]*step)}
	for _, s := range steps {
		if s.settled() {
			continue
		}
		n := 0
		for _, need := range s.needs {
			if !need.settled() {
				w.waiting[need] = append(w.waiting[need], s)
				n++
			}
		}
		if n == 0 {
			w.ready[s.rank] = append(w.ready[s.rank], s)
		} else {
			w.missing[s] = n
		}
	}
	return w
}

// next is the next wave, by id, now that the steps of the last one are done.
func (w *waves) next(done []*step) []*step {
	for _, d := range done {
		for _, s := range w.waiting[d] {
			if w.missing[s]--; w.missing[s] == 0 {
				w.ready[s.rank] = append(w.ready[s.rank], s)
			}
		}
	}
	for rank := range w.ready {
		if wave := w.ready[rank]; len(wave) > 0 {
			w.ready[rank] = nil
			slices.SortFunc(wave, byID)
			return wave
		}
	}
	return nil
}

func byID(a, b *step) int {
	return cmp.Or(cmp.Compare(a.id.Type, b.id.Type), cmp.Compare(a.id.Name, b.id.Name))
}
