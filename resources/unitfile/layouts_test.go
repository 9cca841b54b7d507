package unitfile

import "strings"

func env(assignment string) string { return "[Service]\nEnvironment=" + assignment + "\n" }

func service(lines ...string) string {
	return "[Service]\nType=oneshot\nExecStart=/bin/true\n" + strings.Join(lines, "\n") + "\n"
}

// layouts are trees, and the units to load from them.
var layouts = map[string]struct {
	files map[string]string
	units []string
}{
	"aliases": {map[string]string{
		"/lib/systemd/system/a.service":                 service("Environment=N=1"),
		"/lib/systemd/system/b.service":                 "-> a.service",
		"/etc/systemd/system/c.service":                 "-> b.service",
		"/etc/systemd/system/d.service":                 "-> ../../../usr/lib/systemd/system/a.service",
		"/etc/systemd/system/self.service":              "-> ../../../lib/systemd/system/self.service",
		"/lib/systemd/system/self.service":              service(),
		"/etc/systemd/system/gone.service":              "-> missing.service",
		"/lib/systemd/system/gone.service":              service(),
		"/etc/systemd/system/wrong.service":             "-> x.socket",
		"/lib/systemd/system/wrong.service":             service(),
		"/etc/systemd/system/dir.service":               "dir",
		"/lib/systemd/system/dir.service":               service(),
		"/etc/systemd/system/loop.service":              "-> pool.service",
		"/etc/systemd/system/pool.service":              "-> loop.service",
		"/etc/systemd/system/b.service.d/1.conf":        env("B=1"),
		"/lib/systemd/system/a.service.d/1.conf":        env("A=1"),
		"/etc/systemd/system/c.service.d/2.conf":        env("C=2"),
		"/usr/local/lib/systemd/system/order.service":   service("Environment=FROM=local"),
		"/lib/systemd/system/order.service":             service("Environment=FROM=lib"),
		"/run/systemd/generator.late/order.service":     service("Environment=FROM=late"),
		"/lib/systemd/system/a.service.wants/b.service": "-> ../b.service",
	}, []string{"a.service", "b.service", "c.service", "d.service", "self.service", "gone.service", "wrong.service",
		"dir.service", "loop.service", "order.service"}},
	"instances": {map[string]string{
		"/lib/systemd/system/t@.service":             service("Environment=I=%i"),
		"/lib/systemd/system/o@.service":             service(),
		"/etc/systemd/system/t@a.service":            "-> ../../../lib/systemd/system/t@.service",
		"/etc/systemd/system/t@b.service":            "-> ../../../lib/systemd/system/o@.service",
		"/lib/systemd/system/al@.service":            "-> t@.service",
		"/lib/systemd/system/t@own.service":          service("Environment=OWN=1"),
		"/etc/systemd/system/t@.service.d/1.conf":    env("T=1"),
		"/etc/systemd/system/al@q.service.d/2.conf":  env("ALQ=1"),
		"/etc/systemd/system/t@q.service.d/1.conf":   env("TQ=1"),
		"/etc/systemd/system/o@b.service.d/o.conf":   env("OB=1"),
		"/etc/systemd/system/al@.service.d/al.conf":  env("AL=1"),
		"/etc/systemd/system/t@own.service.d/z.conf": env("Z=1"),
	}, []string{"t@a.service", "t@b.service", "al@q.service", "t@q.service", "t@own.service", "o@b.service"}},
	"masks": {map[string]string{
		"/lib/systemd/system/empty.service":          service(),
		"/etc/systemd/system/empty.service":          "",
		"/run/systemd/system/low.service":            "",
		"/etc/systemd/system/low.service":            service(),
		"/etc/systemd/system/white.service":          "\n",
		"/etc/systemd/system/of.service":             "-> empty.service",
		"/etc/systemd/system/empty.service.d/1.conf": env("A=1"),
	}, []string{"empty.service", "low.service", "white.service", "of.service"}},
	"drop-ins": {map[string]string{
		"/lib/systemd/system/g-h-i.service":             service(),
		"/lib/systemd/system/g-h@.service":              service(),
		"/lib/systemd/system/g--.service":               service(),
		"/lib/systemd/system/-g.service":                service(),
		"/lib/systemd/system/service.d/00.conf":         env("TYPE=1"),
		"/lib/systemd/system/service.d/70.conf":         env("SEVENTY=1"),
		"/etc/systemd/system/g-.service.d/10.conf":      env("G=1"),
		"/etc/systemd/system/g-.service.d/30.conf":      "",
		"/etc/systemd/system/g-h-.service.d/10.conf":    env("GH=1"),
		"/etc/systemd/system/g-h-i.service.d/20.conf":   env("GHI=1"),
		"/etc/systemd/system/g-h-i.service.d/70.conf":   "",
		"/etc/systemd/system/g-h-i.service.d/50.conf":   "dir",
		"/etc/systemd/system/g-h-i.service.d/60.conf":   "-> nowhere",
		"/etc/systemd/system/g-h-i.service.d/.hid.conf": env("HID=1"),
		"/etc/systemd/system/g-h-i.service.d/no.txt":    env("NO=1"),
		"/lib/systemd/system/g-h-i.service.d/30.conf":   env("THIRTY=1"),
		"/lib/systemd/system/g-h-i.service.d/60.conf":   env("SIXTY=1"),
		"/etc/systemd/system/g-h@.service.d/1.conf":     env("GHT=1"),
		"/etc/systemd/system/g-@x.service.d/2.conf":     env("GX=1"),
		"/etc/systemd/system/g-@.service.d/3.conf":      env("GT=1"),
		"/etc/systemd/system/-.service.d/1.conf":        env("DASH=1"),
		"/etc/systemd/system/g-h-i.service.d/ä.conf":    env("UMLAUT=1"),
		"/etc/systemd/system/g-h-i.service.d/Z.conf":    env("UPPER=1"),
	}, []string{"g-h-i.service", "g-h@x.service", "g-h@x-y.service", "g--.service", "-g.service"}},
	"broken": {map[string]string{
		"/etc/systemd/system/a.service":          service("Environment=A=1"),
		"/etc/systemd/system/a.service.d/1.conf": "Environment=N=1\n[Service]\nEnvironment=B=1\n[Serv\nEnvironment=C=1\n",
		"/etc/systemd/system/a.service.d/2.conf": env("D=1\nEnvironment=\xff\nEnvironment=E=1"),
		"/etc/systemd/system/a.service.d/3.conf": env("F=1"),
		"/etc/systemd/system/b.service":          service("[Foo]", "Environment=X=1", "[X-y]", "Environment=X=1", "[Service]", "Environment=D=2 \\"),
		"/etc/systemd/system/c.service":          service("=x", "Environment", " Environment = A=1 ", "\tEnvironment=B=2 \\", "# no \\", ";no", "   C=3", "", "Environment=D=4"),
		"/etc/systemd/system/d.service":          "\xef\xbb\xbf" + strings.ReplaceAll(service("Environment=A=1 \\", " B=2", "\xef\xbb\xbfEnvironment=C=3"), "\n", "\r\n"),
		"/etc/systemd/system/e.service":          strings.ReplaceAll(service("Environment=A=1", "Environment=B=2"), "\n", "\r"),
		"/etc/systemd/system/f.service":          strings.ReplaceAll(service("Environment=A=1", "Environment=B=2"), "\n", "\x00"),
	}, []string{"a.service", "b.service", "c.service", "d.service", "e.service", "f.service"}},
	"values": {map[string]string{
		"/etc/systemd/system/a.service": service("ExecStart=", "ExecStart=/bin/a", "ExecStart=", "ExecStart=-/bin/true b ; /bin/true c",
			"ExecReload=/bin/kill -HUP $MAINPID", "User=u", "User=", "User=%p", "Group=g", "Type=nonsense", "RemainAfterExit=on",
			"RemainAfterExit=maybe", "WorkingDirectory=-/var//%N/", "PassEnvironment=A B\\x41 \"C D\" 1X", "UnsetEnvironment=A B=c %p 2"),
		"/etc/systemd/system/b-c@.service": service("Environment=n=%n N=%N p=%p P=%P i=%i I=%I j=%j J=%J f=%f u=%u U=%U g=%g G=%G h=%h",
			"Environment=t=%t S=%S C=%C L=%L E=%E T=%T V=%V s=%s d=%d pc=%% 'x=% 5%_' end=5%", "EnvironmentFile=-/etc/%p.env", "EnvironmentFile=/etc/x*",
			"EnvironmentFile=/etc/../x", "EnvironmentFile=rel", "EnvironmentFile=/etc//y/./z/", "EnvironmentFile=/with space"),
		"/bin/bash":                     "",
		"/etc/systemd/system/d.service": service("EnvironmentFile=/a", "EnvironmentFile=", "EnvironmentFile=/b", "Environment=A=1 B=2", "Environment=A=3 C=4"),
		"/etc/systemd/system/e.service": "[Service]\nExecReload=/bin/true\nExecStart=/bin/true\n",
		"/etc/systemd/system/f.service": "[Service]\nExecStart=/bin/true\nBusName=org.example\n",
		"/etc/systemd/system/g.service": "[Service]\nExecStop=/bin/true\nRemainAfterExit=yes\n",
	}, []string{"a.service", "b-c@q-w\\x2de.service", "d.service", "e.service", "f.service", "g.service"}},
}
