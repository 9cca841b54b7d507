package agent

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// StatusOf is a stand-in: the status is made from the last report alone.
func StatusOf(o Options) (*Status, error) {
	o = o.withDefaults()
	s := &Status{Version: 1, InProgress: locked(o.StateDir), Notes: []string{}}
	text, err := os.ReadFile(filepath.Join(o.StateDir, reportFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	r := new(Report)
	if err == nil {
		err = json.Unmarshal(text, r)
	}
	if err != nil {
		return nil, err
	}
	ended := r.Started.Add(time.Duration(r.Seconds * float64(time.Second)))
	s.Manifests = []ManifestStatus{{Path: r.Manifest, Digest: r.Digest, Ran: ended, Held: r.Held}}
	s.Runs = []RunStatus{{Mode: r.Mode, Manifest: r.Manifest, Started: r.Started, Ended: ended, Seconds: r.Seconds, Result: r.Result}}
	for _, one := range r.Resources {
		state := StateConverged
		if one.Outcome == OutcomeFailed {
			state = StateFailed
		}
		_, name, _ := strings.Cut(one.ID, ":")
		s.Resources = append(s.Resources, ResourceStatus{ID: one.ID, Type: one.Type, Name: name, State: state, Why: one.Error})
	}
	return s, nil
}

// Missed is a stand-in: nothing is kept.
func Missed(Options, Mode, string, error) error { return nil }
