package node

import (
	"context"
	"fmt"
	"time"
)

// A ManagerReload makes systemd read all unit files anew. It is its own way
// back: what is put back on disk is read by another one.
type ManagerReload struct{}

// reloadLimit is how long reading all unit files may take, or a unit's reload.
const reloadLimit = 60 * time.Second

// Subject is part of Change.
func (*ManagerReload) Subject() Subject { return Subject{Kind: OfManager} }

// Line is part of Change.
func (*ManagerReload) Line() string { return "systemctl daemon-reload" }

// Diff is part of Change.
func (*ManagerReload) Diff() Diff { return Diff{} }

// Inverse is part of Change.
func (*ManagerReload) Inverse() Change { return &ManagerReload{} }

func (*ManagerReload) lay(f *Future) { f.manager = &Manager{Loaded: f.Now()} }

func (*ManagerReload) perform(ctx context.Context, m *Machine) error {
	if m.bus == nil {
		return ErrOffline
	}
	jobs, err := m.bus.acting()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, reloadLimit)
	defer cancel()
	if err := jobs.ReloadContext(ctx); err != nil {
		return fmt.Errorf("systemctl daemon-reload: %w", err)
	}
	return nil
}

// afterReload is what a unit is once systemd has read all files anew: what it
// does is the same, and what is loaded of it is not known but up to date. The drop-ins
// stay: they are what it was started with.
func (u Unit) afterReload() Unit {
	u.NeedsReload, u.File, u.LoadState = false, "", ""
	return u
}
