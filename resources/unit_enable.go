package resources

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/unitfile"
)

// enable makes or removes the links that enable a unit, as systemctl does.
func (d *unitDraft) enable() error {
	switch {
	case d.Enabled == nil:
		return nil
	case !*d.Enabled:
		return d.disable()
	}
	install, err := unitfile.ReadInstall(d.view, d.Name)
	if err != nil {
		return err
	}
	if len(install.WantedBy)+len(install.RequiredBy)+len(install.Alias)+len(install.Also) == 0 {
		return errors.New("enabled: the unit file says nothing in [Install] on what should start it: add WantedBy=, or leave enabled out")
	}
	links, err := unitfile.EnableLinks(d.view, d.Name)
	if err != nil {
		return err
	}
	for _, at := range slices.Sorted(maps.Keys(links)) {
		if err := d.link(at, links[at]); err != nil {
			return err
		}
	}
	return nil
}

// isScript says whether systemd made the unit of a script in /etc/init.d.
func isScript(unit *unitfile.Unit) bool {
	return isGenerated(unit.Fragment) && strings.HasPrefix(unit.Value("Unit", "SourcePath"), "/etc/init.d/")
}

// disable removes the links that enable a unit. A link that is the unit's only
// file stays.
func (d *unitDraft) disable() error {
	links, err := unitfile.DisableLinks(d.view, d.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, at := range links {
		if at == d.file() {
			continue
		}
		if err := d.converge(at, node.Want{Kind: node.Absent}); err != nil {
			return err
		}
	}
	return nil
}
