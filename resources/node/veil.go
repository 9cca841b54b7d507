package node

// Veil is a change that shows nothing of what conceal takes out of a text, also
// when it is read from the journal later, by one who does not know what to conceal.
func Veil(c Change, conceal func(string) string) Change {
	shown := veiled(c.Diff(), conceal)
	if shown == nil {
		return c
	}
	switch c := c.(type) {
	case *PathChange:
		veiled := *c
		veiled.Shown = shown
		return &veiled
	case *CrontabChange:
		veiled := *c
		veiled.Shown = shown
		return &veiled
	}
	return c
}

// veiled is what may be shown of a difference; nil when that is all of it.
func veiled(d Diff, conceal func(string) string) *Shown {
	shown := Shown{Before: conceal(d.Before), After: conceal(d.After)}
	if shown.Before == d.Before && shown.After == d.After {
		return nil
	}
	return &shown
}
