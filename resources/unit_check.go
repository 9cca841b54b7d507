package resources

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/unitfile"
)

func checkUnitName(name string) error {
	if !unitfile.IsName(name) {
		return fmt.Errorf("%q is not the name of a unit: it ends in .service, .timer or another type of systemd.unit(5)", name)
	}
	return nil
}

// Check is part of Checker.
func (u *Unit) Check() error {
	if err := checkUnitName(u.Name); err != nil {
		return err
	}
	errs := []error{atMostOne(u.declared()), u.checkTogether()}
	if u.Content != nil && *u.Content == "" {
		errs = append(errs, inField(errors.New("an empty unit file masks the unit: declare masked: true"), "content"))
	}
	for _, name := range slices.Sorted(maps.Keys(u.DropIns)) {
		errs = append(errs, inField(u.checkDropIn(name), "dropins", name))
	}
	return errors.Join(errs...)
}

// checkTogether finds fields that exclude each other.
func (u *Unit) checkTogether() error {
	masked, enabled, active := isTrue(u.Masked), isTrue(u.Enabled), isTrue(u.Active)
	switch {
	case u.Departs():
		return nil
	case masked && len(u.declared()) > 0:
		return inField(fmt.Errorf("a masked unit has a link to /dev/null in place of its unit file: leave out %s", u.declared()[0]), "masked")
	case masked && (enabled || active):
		return inField(errors.New("a masked unit cannot be enabled or active"), "masked")
	case u.MaxOutage != nil && *u.MaxOutage == 0:
		return inField(errNoTime, "max_outage")
	case len(u.NeedsStop) > 0 && isTemplate(u.Name):
		return inField(fmt.Errorf("a template does not run: declare an instance, such as %s", strings.Replace(u.Name, "@.", "@one.", 1)), "needs_stop")
	case active && isTemplate(u.Name):
		return inField(fmt.Errorf("a template does not run: declare an instance, such as %s", strings.Replace(u.Name, "@.", "@one.", 1)), "active")
	}
	return nil
}
