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

// Server makes the node the server whose move to a new layout the tests play
// through, as it was before: everything in /opt/makenotwork, users, sudoers,
// crontabs, a Caddyfile that caddy serves, and makenotwork.service, which runs
// and answers http://localhost:3000/api/health. server/server.sh has the whole
// story.
func Server(c *Container) error { return c.layOut(oldVersion, "server.sh") }

// Release does what the deployment tool does: it puts a release of the server
// into /opt/mnw/releases/VERSION and swaps the link /opt/mnw/current. It
// restarts nothing. The node is a Server.
func Release(c *Container, version string) error { return c.layOut(version, "release.sh", version) }

// layOut runs one of the scripts in server/ inside the node, beside the other
// files of that directory and the server's program.
func (c *Container) layOut(version, script string, args ...string) error {
	const place = "/tmp/server"
	files, err := fs.Sub(serverFiles, "server")
	if err != nil {
		return err
	}
	if err := c.Put(files, place); err != nil {
		return err
	}
	if err := c.install("test/boot/makenotwork", place+"/makenotwork", "-X", "main.version="+version); err != nil {
		return err
	}
	run := append([]string{"env", "--chdir=" + place, "sh", script}, args...)
	if err := c.Do(run...); err != nil {
		return fmt.Errorf("lay out release %s: %w", version, err)
	}
	return c.Do("rm", "-r", place)
}
