package resources

import (
	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/unitfile"
)

// reloadDue says whether what systemd has read of the unit's files is out of
// date. NeedDaemonReload alone does not tell: it says no after the first drop-in
// of a unit, and when a file in /etc comes to shadow one in /lib; and of a masked unit
// that has drop-ins it says yes for ever.
func reloadDue(v node.View, manager node.Manager, unit *unitfile.Unit, now node.Unit) (bool, error) {
	unread := now.LoadState == "not-found" && unit.Fragment != ""
	unmasked := now.LoadState == "masked" && !unit.Masked
	if now.LoadState == "masked" && !unmasked {
		return false, nil
	}
	if now.NeedsReload || unread || unmasked {
		return true, nil
	}
	read := []string{now.File}
	if now.LoadState != "" { // else it is planned to be read anew, without those that are gone
		read = append(read, now.DropIns...)
	}
	for _, file := range read {
		if gone, err := isGone(v, file); gone || err != nil {
			return gone, err
		}
	}
	for _, file := range unit.Sources {
		if isGenerated(file) {
			continue // newer than the moment at which reading began, always
		}
		s, err := v.Lstat(file)
		if err != nil {
			return false, err
		}
		if newer(s.MTime, s.CTime, manager.Loaded, v.Now()) == yes {
			return true, nil
		}
	}
	return false, nil
}

// isGone says whether a file that systemd has read is no longer there.
func isGone(v node.View, file string) (bool, error) {
	if file == "" || isGenerated(file) {
		return false, nil
	}
	s, err := v.Lstat(file)
	return s.Kind == node.Absent, err
}
