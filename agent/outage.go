package agent

import "time"

// An outage is how long a check was failing: from the last good answer before to
// the first good one after, over all times that it failed.
type outage struct {
	lastGood  time.Time // zero while there was none
	failing   bool
	total     time.Duration
	from, to  time.Time // of the first and the last failure: the good answers around them
	samples   int
	lastAsked time.Time
}

func (o *outage) take(s sample) {
	o.samples++
	o.lastAsked = s.ended
	if s.err != nil {
		if !o.failing && !o.lastGood.IsZero() {
			o.failing = true
			if o.from.IsZero() {
				o.from = o.lastGood
			}
		}
		return
	}
	if o.failing {
		o.failing = false
		o.total += s.ended.Sub(o.lastGood)
		o.to = s.ended
	}
	o.lastGood = s.ended
}

// report is the outage as it is told, nil when there was none. One that is not
// over counts up to the last answer.
func (o *outage) report(interval time.Duration) *OutageReport {
	if o.from.IsZero() {
		return nil
	}
	r := &OutageReport{Seconds: o.took().Seconds(), LastGood: o.from, Interval: interval.Seconds()}
	if !o.failing {
		r.FirstGood = &o.to
	}
	return r
}

// took is how long it was failing until it was last asked.
func (o *outage) took() time.Duration {
	if o.failing {
		return o.total + o.lastAsked.Sub(o.lastGood)
	}
	return o.total
}
