package resources

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/makenotwork/mnw-agent/resources/envfile"
)

// Check is part of Checker.
func (e *EnvFile) Check() error {
	errs := []error{e.checkTypes()}
	for _, section := range []string{"set", "secrets"} {
		keys := map[string]map[string]string{"set": e.Set, "secrets": e.Secrets}[section]
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if _, err := envfile.Quote(key, keys[key]); err != nil {
				errs = append(errs, inField(err, section, key))
			}
		}
	}
	for key := range e.Secrets {
		if _, twice := e.Set[key]; twice {
			errs = append(errs, inField(fmt.Errorf("%s stands under set as well", key), "secrets", key))
		}
	}
	all := e.all()
	for _, key := range e.Unset {
		if _, set := all[key]; set || slices.Contains(e.Require, key) {
			errs = append(errs, inField(fmt.Errorf("%s is unset, and set or required as well", key), "unset"))
		}
	}
	if e.Exclusive && e.Seed != "" {
		errs = append(errs, inField(errors.New("an exclusive file has no seed: all that is in it is declared"), "seed"))
	}
	for _, key := range e.Require {
		if _, set := all[key]; e.Exclusive && !set {
			errs = append(errs, inField(fmt.Errorf("%s is required, but an exclusive file holds only what is set here", key), "require"))
		}
	}
	return errors.Join(errs...)
}

// checkTypes holds the types to sense, and the declared values to their types.
func (e *EnvFile) checkTypes() error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(e.Types)) {
		_, err := envfile.Quote(key, "")
		if err == nil {
			err = e.Types[key].checkItself()
		}
		if err == nil && slices.Contains(e.Unset, key) {
			err = fmt.Errorf("%s is unset: it has no value", key)
		}
		section, value, declared := e.declared(key)
		if err == nil && e.Exclusive && !declared {
			err = fmt.Errorf("an exclusive file holds only what is set here, and %s is not", key)
		}
		errs = append(errs, inField(err, "types", key))
		if err == nil && declared {
			if why := e.Types[key].checkDeclared(value); why != nil {
				errs = append(errs, inField(fmt.Errorf("%s %w", e.told(key, value), why), section, key))
			}
		}
	}
	return errors.Join(errs...)
}

// declared is the value that the manifest declares for a key, and the section
// that it stands in.
func (e *EnvFile) declared(key string) (section, value string, ok bool) {
	if value, ok = e.Secrets[key]; ok {
		return "secrets", value, true
	}
	value, ok = e.Set[key]
	return "set", value, ok
}
