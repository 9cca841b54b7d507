package resources

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/envfile"
	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/unitfile"
)

// This file holds the values of an environment file to their types.

// isPublic says whether the values of a key may be shown: the manifest sets them,
// and does not say that they are secret.
func (e *EnvFile) isPublic(key string) bool {
	_, set := e.Set[key]
	return set && e.Types[key].name() != secretValue
}

// told is a value, where it may be shown.
func (e *EnvFile) told(key, value string) string {
	_, secret := e.Secrets[key]
	t := e.Types[key]
	if secret || !t.shows(value) && (!e.isPublic(key) || t.name() == urlValue) {
		return "the value"
	}
	return strconv.Quote(value)
}

// examineTypes holds what the file would hold to its types, whoever wrote it.
func (e *EnvFile) examineTypes(v node.View, file *envfile.File) error {
	if len(e.Types) == 0 {
		return nil
	}
	if err := file.Refused(); err != nil {
		return fmt.Errorf("types: systemd reads nothing of it: %w", err)
	}
	var errs []error
	readers := readersOf(v, string(e.Path))
	for _, key := range slices.Sorted(maps.Keys(e.Types)) {
		value, ok := file.Get(key)
		if !ok {
			continue
		}
		why := e.Types[key].check(value)
		if why == nil && e.Types[key].name() == pathValue {
			_, hide := e.Secrets[key]
			why = readers.examine(value, hide)
		}
		if why != nil {
			errs = append(errs, fmt.Errorf("types: %s: %s %w", key, e.told(key, value), why))
		}
	}
	return errors.Join(errs...)
}

// A readership is the services that read an environment file when they start.
// They are looked for when there is a path that they must be able to read.
type readership struct {
	view     node.View
	file     string
	looked   bool
	services []*unitfile.Unit
	err      error
}

func readersOf(v node.View, file string) *readership { return &readership{view: v, file: file} }

// examine is what is wrong with a path, as they see it; without a word of where it
// leads when that is secret.
func (r *readership) examine(to string, hide bool) error {
	if why := missing(r.view, to); why != nil && hide {
		return errors.New("leads nowhere")
	} else if why != nil {
		return fmt.Errorf("leads nowhere: %w", why)
	}
	if !r.view.Owners() || openToAll(r.view, to) {
		return nil
	}
	if !r.looked {
		r.services, r.err = servicesReading(r.view, r.file)
		r.looked = true
	}
	if r.err != nil {
		return fmt.Errorf("is read by services that cannot be told: %w", r.err)
	}
	return r.barred(to, hide)
}

// barred is each reason for which services could not read a path, with them.
func (r *readership) barred(to string, hide bool) error {
	var reasons []string
	services := map[string][]string{}
	for _, service := range r.services {
		why := unreadableFor(r.view, service, to)
		if why == nil {
			continue
		}
		if hide {
			why = errors.New("its user cannot")
		}
		reason := why.Error()
		if services[reason] == nil {
			reasons = append(reasons, reason)
		}
		services[reason] = append(services[reason], service.Name)
	}
	for i, reason := range reasons {
		reasons[i] = fmt.Sprintf("is to be read by %s, and %s", strings.Join(services[reason], " and "), reason)
	}
	if reasons == nil {
		return nil
	}
	return errors.New(strings.Join(reasons, "; it "))
}
