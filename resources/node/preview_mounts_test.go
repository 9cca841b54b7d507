package node

import (
	"slices"
	"strings"
	"testing"

	"github.com/makenotwork/mnw-agent/test/linear"
)

const mountTable = `22 27 0:21 / /proc rw,relatime - proc proc rw
24 27 0:6 / /dev rw,relatime shared:2 - devtmpfs devtmpfs rw
25 24 0:23 / /dev/shm rw - tmpfs tmpfs rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 27 0:25 / /run rw,nosuid shared:5 master:1 - tmpfs tmpfs rw
31 27 254:16 / /srv/with\040space rw - xfs /dev/vdb rw
32 31 0:44 / /srv/with\040space/remote rw - nfs4 server:/export rw
33 27 0:45 / /home rw - btrfs /dev/vdc rw
34 27 0:46 / /mnt/ssh rw - fuse.sshfs host: rw
35 27 0:47 / /boot/efi rw - autofs systemd-1 rw
36 35 254:32 / /boot/efi rw - vfat /dev/vdd1 rw
not a line of the format
`

func TestWorthOverlay(t *testing.T) {
	mounts := parseMounts(mountTable)
	for _, test := range []struct {
		name, root string
		changed    []string
		want       []string
	}{
		{"local file systems alone", "/", nil, []string{"/boot/efi", "/home", "/run", "/srv/with space"}},
		{"one on a network in which something changes", "/", []string{"/mnt/ssh/etc/motd"},
			[]string{"/boot/efi", "/home", "/mnt/ssh", "/run", "/srv/with space"}},
		{"those of an image", "/srv/with space", []string{"/remote"}, []string{"/remote"}},
	} {
		if got := worthOverlay(mounts, test.root, test.changed); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// A mount is read whatever its name is, and whatever lines stand around it.
func FuzzParseMounts(f *testing.F) {
	f.Add("srv/with space", "", "")
	f.Add("a\\040b\n\t", mountTable, mountTable)
	f.Add("\\", "1 2 3 4 5 6 - \n - ", "\x00 \\04")
	escape := strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`)
	f.Fuzz(func(t *testing.T, name, above, below string) {
		point, above := "/"+name, above+"\n"
		line := "31 27 254:16 / " + escape.Replace(point) + " rw - xfs /dev/vdb rw\n"
		got := parseMounts(above + line + below)
		want := slices.Concat(parseMounts(above), []mount{{point: point, kind: "xfs", disk: true, device: "254:16", root: "/", source: "/dev/vdb"}}, parseMounts(below))
		if !slices.Equal(got, want) {
			t.Fatalf("%+v, want %+v", got, want)
		}
		for _, root := range []string{"/", point} {
			at := ""
			for _, p := range worthOverlay(got, root, []string{point}) {
				if p <= at || !strings.HasPrefix(p, "/") {
					t.Fatalf("below %q: %q comes after %q", root, p, at)
				}
				at = p
			}
		}
	})
}

func FuzzParseMountsLong(f *testing.F) {
	f.Add("", mountTable, "")
	f.Add("1 2 3 4 /", `\04`, " 6 - a")
	f.Add("", " ", " - ")
	f.Fuzz(func(t *testing.T, head, piece, tail string) {
		linear.Hold(t, head, piece, tail, func(text string) { worthOverlay(parseMounts(text), "/", []string{"/a"}) })
	})
}
