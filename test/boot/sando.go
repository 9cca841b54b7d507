package boot

import (
	"embed"
	"io/fs"
)

//go:embed sando
var sandoFiles embed.FS

// Sando makes the node the machine from which releases go to a [Server], as it was
// before the cutover: sandod.service runs and answers http://127.0.0.1:7700/state, and
// the server is known to it by a name that does not exist. The server's true name,
// alpha-west-1, does.
func Sando(c *Container) error {
	files, err := fs.Sub(sandoFiles, "sando")
	if err != nil {
		return err
	}
	if err := c.Put(files, "/"); err != nil {
		return err
	}
	if err := c.Install("test/boot/sandod", "/usr/local/bin/sandod"); err != nil {
		return err
	}
	return c.Do("sh", "-euc", `
echo '127.0.0.1 alpha-west-1' >>/etc/hosts
useradd --system --create-home --home-dir /srv/sando --shell /usr/sbin/nologin sando
systemctl daemon-reload
systemctl enable --quiet --now sandod.service
curl --silent --show-error --fail --retry 20 --retry-connrefused --retry-delay 1 http://127.0.0.1:7700/state >/dev/null`)
}

// Sando makes the node the machine that releases come from; see [Sando].
func (m *Machine) Sando() {
	m.t.Helper()
	m.check(Sando(m.Container))
}
