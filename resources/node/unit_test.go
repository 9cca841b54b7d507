package node

import (
	"testing"
	"time"
)

// When a unit last read its configuration follows from four time stamps.
func TestUnitLoaded(t *testing.T) {
	at := func(second int64) time.Time { return time.Unix(second, 0) }
	tests := []struct {
		what string
		account
		want time.Time
	}{
		{"never reloaded", account{Unit: Unit{ActiveState: "active", Started: at(10)}, canReload: true, activeSince: at(11), stateChanged: at(11)}, at(10)},
		{"reloaded", account{Unit: Unit{ActiveState: "active", Started: at(10)}, canReload: true, activeSince: at(11), stateChanged: at(22), reloadStarted: at(20)}, at(20)},
		{"reloaded, and systemd too since", account{Unit: Unit{ActiveState: "active", Started: at(10)}, canReload: true, activeSince: at(11), stateChanged: at(22)}, at(22)},
		{"restarted after a reload", account{Unit: Unit{ActiveState: "active", Started: at(30)}, canReload: true, activeSince: at(31), stateChanged: at(31), reloadStarted: at(20)}, at(30)},
		{"the reload failed", account{Unit: Unit{ActiveState: "active", Started: at(10), ReloadFailed: true}, canReload: true, activeSince: at(11), stateChanged: at(22), reloadStarted: at(20)}, at(10)},
		{"reloading still", account{Unit: Unit{ActiveState: "reloading", Started: at(10)}, canReload: true, activeSince: at(11), stateChanged: at(20), reloadStarted: at(20)}, at(10)},
		{"cannot reload", account{Unit: Unit{ActiveState: "active", Started: at(10)}, activeSince: at(11), stateChanged: at(22)}, at(10)},
		{"a timer", account{Unit: Unit{ActiveState: "active"}, activeSince: at(11), stateChanged: at(22)}, at(11)},
	}
	for _, test := range tests {
		if got := test.account.unit().Loaded; !got.Equal(test.want) {
			t.Errorf("%s: loaded at %d, want %d", test.what, got.Unix(), test.want.Unix())
		}
	}
}

func TestUnitActionMoved(t *testing.T) {
	started := time.Unix(10, 0)
	up := Unit{ActiveState: "active", Started: started}
	tests := []struct {
		what      string
		saw, find Unit
		want      bool
	}{
		{"the same run", up, up, false},
		{"still down", Unit{ActiveState: "inactive"}, Unit{ActiveState: "failed"}, false},
		{"another run", up, Unit{ActiveState: "active", Started: started.Add(time.Second)}, true},
		{"gone down", up, Unit{ActiveState: "inactive", Started: started}, true},
		{"come up", Unit{ActiveState: "activating"}, up, true},
		{"a planned run", Unit{ActiveState: "active"}, up, false},
	}
	for _, test := range tests {
		action := &UnitAction{Unit: "web.service", Verb: RestartUnit, From: test.saw}
		if got := action.moved(test.find); got != test.want {
			t.Errorf("%s: moved = %v, want %v", test.what, got, test.want)
		}
	}
}
