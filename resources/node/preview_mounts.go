package node

import (
	"slices"
	"strconv"
	"strings"
)

// A mount is a line of /proc/PID/mountinfo, proc_pid_mountinfo(5), as far as it
// matters here.
type mount struct {
	point  string // where it is mounted
	kind   string // of the file system
	disk   bool   // on a block device
	device string // by its numbers
	root   string // which directory of it
	source string // its name
}

// parseMounts reads a table of mounts. Lines that are not of the format are
// passed over.
func parseMounts(table string) []mount {
	var mounts []mount
	for line := range strings.Lines(table) {
		head, tail, ok := strings.Cut(line, " - ")
		left, right := strings.Split(head, " "), strings.Split(tail, " ")
		if !ok || len(left) < 6 || len(right) < 1 {
			continue
		}
		m := mount{point: unescape(left[4]), kind: right[0], disk: !strings.HasPrefix(left[2], "0:"), device: left[2], root: unescape(left[3])}
		if len(right) > 1 {
			m.source = unescape(right[1])
		}
		mounts = append(mounts, m)
	}
	return mounts
}

// unescape undoes \040 and the like.
func unescape(s string) string {
	var plain strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && len(s) >= i+4 {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				plain.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		plain.WriteByte(s[i])
	}
	return plain.String()
}

// localKinds are the local file systems that are on no block device of their own.
var localKinds = []string{"btrfs", "zfs", "tmpfs", "overlay"}

// worthOverlay is where, below the root of a machine, what is mounted is to be
// seen in a preview: local file systems, and others only if something in them
// changes, since one on a network may never answer. The paths begin at that
// root, and come with those above before those below.
func worthOverlay(mounts []mount, root string, changed []string) []string {
	var points []string
	for _, m := range mounts {
		if m.point == root || !under(m.point, root) {
			continue
		}
		point := strings.TrimPrefix(m.point, strings.TrimSuffix(root, "/"))
		if slices.ContainsFunc(kernelViews, func(dir string) bool { return under(point, dir) }) {
			continue
		}
		local := m.disk || slices.Contains(localKinds, m.kind)
		if local || anyUnder(changed, point) {
			points = append(points, point)
		}
	}
	slices.Sort(points)
	return slices.Compact(points)
}

// kernelViews are the directories of what is not stored anywhere.
var kernelViews = []string{"/proc", "/sys", "/dev"}

func anyUnder(paths []string, dir string) bool {
	return slices.ContainsFunc(paths, func(path string) bool { return under(path, dir) })
}

// under says whether a path is a directory or lies in it.
func under(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}
