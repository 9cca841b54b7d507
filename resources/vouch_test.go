package resources

import (
	"errors"
	"io/fs"
	"testing"
)

// Links that are planned are vouched for like those that are there.
func TestPlannedLinksAreVouchedFor(t *testing.T) {
	v := draw(t, "d /home/friend 0755 friend:friend", "f /home/friend/own 0600 friend:friend",
		"d /root 0700 root:root", "f /root/secret 0600 root:root", "d /srv 0755 root:root",
		"l /home/friend/secret /root/secret", "l /home/friend/dir /root", "l /home/friend/too own", "l /srv/secret ../root/secret")
	for at, want := range map[string]string{
		"/home/friend/own":        "",
		"/home/friend/too":        "",
		"/home/friend/nothing":    "",
		"/srv/secret":             "",
		"/home/friend/secret":     "/home/friend/secret may be a link that friend has planted to read a file of root through it: remove it",
		"/home/friend/dir/secret": "/home/friend/dir may be a link that friend has planted to read a file of root through it: remove it",
	} {
		got := ""
		if _, err := v.ReadVouched(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
}
