package node

import "time"

// Sweep is a placeholder until the real one is merged.
func (m *Machine) Sweep(c Change, since time.Time) error { return nil }
