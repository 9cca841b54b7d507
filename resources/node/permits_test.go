package node

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// A stand-in has the rights of the user that is asked for and nothing of those before:
// neither groups nor root's own. The rest of the program keeps its own.
func TestStandIn(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("the rights of others take root")
	}
	const user, other, group = 4_000_001, 4_000_002, 4_000_003
	at := t.TempDir() + "/file"
	err := errors.Join(os.WriteFile(at, []byte("x"), 0o600), os.Chown(at, user, group), os.Chmod(at, 0o040))
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(at, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	var s standIn
	defer s.end()
	for i, ask := range []struct {
		uid, gid int
		groups   []int
		want     error
	}{
		{other, other, []int{group}, nil},
		{other, other, nil, unix.EACCES},
		{other, group, nil, nil},
		{other, other, nil, unix.EACCES},
		{user, group, []int{group}, unix.EACCES}, // the owner's class alone counts
		{0, 0, nil, nil},                         // root may read what nobody may
		{other, other, nil, unix.EACCES},
	} {
		err := s.do(ask.uid, ask.gid, ask.groups, func() error {
			return unix.Faccessat2(fd, "", 4, unix.AT_EMPTY_PATH|unix.AT_EACCESS)
		})
		if err != ask.want {
			t.Errorf("%d: user %d, group %d and %d: %v, want %v", i, ask.uid, ask.gid, ask.groups, err, ask.want)
		}
	}
	if _, err := os.ReadFile(at); err != nil {
		t.Errorf("the program has lost its own rights: %v", err)
	}
	s.end()
	if err := s.do(0, 0, nil, func() error { return nil }); err != nil {
		t.Errorf("it does not begin anew after its end: %v", err)
	}
}
