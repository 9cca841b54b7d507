package node

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// furnish adds what is no file on a disk: the views of the kernel, to read
// alone, the devices that every program may count on, and a loopback interface
// for addresses of the node itself.
func furnish() error {
	for _, dir := range kernelViews {
		if err := unix.Mkdir(scenePath+dir, 0o755); err != nil && !errors.Is(err, unix.EEXIST) {
			return err
		}
	}
	for _, dir := range []string{"/proc", "/sys"} {
		if err := bindReadOnly(dir, scenePath+dir); err != nil {
			return fmt.Errorf("the kernel refuses a mount of %s: %w", dir, err)
		}
	}
	if err := unix.Mount("mnw-agent", scenePath+"/dev", "tmpfs", unix.MS_NOSUID, "mode=0755,size=1m"); err != nil {
		return err
	}
	for _, d := range devices {
		if err := mountFile("/dev/"+d.name, scenePath+"/dev/"+d.name); err != nil {
			return fmt.Errorf("/dev/%s: %w", d.name, err)
		}
	}
	for name, target := range standardFiles {
		if err := unix.Symlink(target, scenePath+"/dev/"+name); err != nil {
			return err
		}
	}
	return loopback()
}

// devices are those of null(4), full(4) and random(4); their major number is 1.
var devices = []struct {
	name  string
	minor uint32
}{{"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}}

var standardFiles = map[string]string{
	"fd":     "/proc/self/fd",
	"stdin":  "/proc/self/fd/0",
	"stdout": "/proc/self/fd/1",
	"stderr": "/proc/self/fd/2",
}

// mountFile mounts a file on a new one.
func mountFile(from, at string) error {
	fd, err := unix.Open(at, unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(unix.Close(fd), unix.Mount(from, at, "", unix.MS_BIND, ""))
}

func bindReadOnly(from, at string) error {
	if err := unix.Mount(from, at, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	const flags = unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	return unix.Mount("", at, "", flags, "")
}

// loopback sets the loopback interface up, where this is allowed.
func loopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil && !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("loopback: %w", err)
	}
	return nil
}
