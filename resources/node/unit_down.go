package node

import "time"

// LastDown is when a unit was last active no more, and when it last became active,
// as systemd has noted it; zero for never.
func (m *Machine) LastDown(unit string) (from, to time.Time, err error) {
	if m.bus == nil {
		return from, to, ErrOffline
	}
	at := unitPath(unit)
	err = m.bus.ask([]property{
		{at, "Unit", "ActiveExitTimestamp", toTime(&from)},
		{at, "Unit", "ActiveEnterTimestamp", toTime(&to)},
	})
	return from, to, err
}
