package boot

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed server
var serverFiles embed.FS

// oldVersion is the release that runs on a Server from the start.
const oldVersion = "0.9.1"

// newPaths is the first release that has the paths of the new layout compiled in.
const newPaths = "0.9.6"

// Server makes the node the server whose move to a new layout the tests play
// through, as it was before: everything in /opt/makenotwork, users, sudoers,
// crontabs, repositories that max may push to with the key /root/max, a Caddyfile
// that caddy serves, and makenotwork.service, which runs and answers
// http://localhost:3000/api/health. server/server.sh has the whole story.
func Server(c *Container) error { return c.layOut(build{version: oldVersion}, "server.sh") }

// Release does what the deployment tool does: it puts a release of the server
// into /opt/mnw/releases/VERSION and swaps the link /opt/mnw/current. It
// restarts nothing. The node is a Server.
func Release(c *Container, version string) error {
	return c.layOut(build{version: version}, "release.sh", version)
}

// IllRelease is a Release that starts, and says of itself that it does not work.
func IllRelease(c *Container, version string) error {
	return c.layOut(build{version: version, ill: true}, "release.sh", version)
}

// A build is one way in which the programs of the server are built.
type build struct {
	version string
	ill     bool // its health check fails
}

func (b build) server() []string {
	flags := []string{"-X", "main.version=" + b.version}
	if b.ill {
		flags = append(flags, "-X", "main.ill=yes")
	}
	if b.version < newPaths {
		flags = append(flags, "-X", "main.admin=/opt/makenotwork/mnw-admin", "-X", "main.knownHosts=/opt/makenotwork/ssh/known_hosts")
	}
	return flags
}

func (b build) admin() []string {
	if b.version < newPaths {
		return []string{"-X", "main.self=/opt/makenotwork/mnw-admin", "-X", "main.dotenv=/opt/makenotwork/.env"}
	}
	return nil
}

// layOut runs one of the scripts in server/ inside the node, beside the other
// files of that directory and the server's programs.
func (c *Container) layOut(b build, script string, args ...string) error {
	const place = "/tmp/server"
	files, err := fs.Sub(serverFiles, "server")
	if err != nil {
		return err
	}
	if err := c.Put(files, place); err != nil {
		return err
	}
	if err := c.install("test/boot/makenotwork", place+"/makenotwork", b.server()...); err != nil {
		return err
	}
	if err := c.install("test/boot/mnw-admin", place+"/mnw-admin", b.admin()...); err != nil {
		return err
	}
	run := append([]string{"env", "--chdir=" + place, "sh", script}, args...)
	if err := c.Do(run...); err != nil {
		return fmt.Errorf("lay out release %s: %w", b.version, err)
	}
	return c.Do("rm", "-r", place)
}

// Push is a script in which max pushes a commit to a Server over ssh, and looks for it
// where the home of git is.
const Push = `export GIT_SSH_COMMAND="ssh -i /root/max -o StrictHostKeyChecking=accept-new" GIT_AUTHOR_NAME=max GIT_AUTHOR_EMAIL=max@example.net GIT_COMMITTER_NAME=max GIT_COMMITTER_EMAIL=max@example.net
	rm -rf /root/meta
	git clone --quiet git@localhost:max/meta.git /root/meta
	cd /root/meta
	git commit --quiet --allow-empty --message="pushed $(date +%N)"
	git push --quiet origin main
	test "$(git rev-parse main)" = "$(runuser -u git -- git --git-dir="$(getent passwd git | cut -d: -f6)/max/meta.git" rev-parse main)"`
