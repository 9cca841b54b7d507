package unitfile

func unitText(install string) string {
	return "[Service]\nExecStart=/bin/true\n[Install]\n" + install
}

// enablements are trees, and the units in them to enable and disable.
var enablements = map[string]struct {
	files map[string]string
	units []string
}{
	"plain": {map[string]string{
		"/lib/systemd/system/a.service": unitText("WantedBy=multi-user.target b.target\nRequiredBy=c.target\nAlias=d.service"),
		"/etc/systemd/system/e.service": unitText("WantedBy=multi-user.target"),
		"/lib/systemd/system/s.service": "[Service]\nExecStart=/bin/true\n",
	}, []string{"a.service", "e.service", "s.service", "none.service", "d.service"}},
	"drop-ins": {map[string]string{
		"/lib/systemd/system/a.service":            unitText("WantedBy=a.target"),
		"/etc/systemd/system/a.service.d/1.conf":   "[Install]\nWantedBy=\nWantedBy=b.target\n",
		"/lib/systemd/system/a-b.service":          unitText("WantedBy=a.target"),
		"/etc/systemd/system/a-.service.d/1.conf":  "[Install]\nWantedBy=prefix.target\n",
		"/etc/systemd/system/service.d/1.conf":     "[Install]\nWantedBy=type.target\n",
		"/lib/systemd/system/t@.service":           unitText("WantedBy=a.target"),
		"/run/systemd/system/t@.service.d/1.conf":  "[Install]\nWantedBy=b.target\n",
		"/run/systemd/system/t@x.service.d/1.conf": "[Install]\nWantedBy=c.target\n",
	}, []string{"a.service", "a-b.service", "t@x.service"}},
	"templates": {map[string]string{
		"/lib/systemd/system/t@.service": unitText("WantedBy=multi-user.target\nDefaultInstance=one\nAlias=al@.service"),
		"/lib/systemd/system/u@.service": unitText("WantedBy=multi-user.target"),
		"/lib/systemd/system/v@.service": unitText("WantedBy=w@.target w@x.target %i.target\nAlias=%p-%i.service"),
		"/lib/systemd/system/p.service":  unitText("DefaultInstance=no\nWantedBy=%p.target %N.target"),
	}, []string{"t@.service", "t@two.service", "u@.service", "u@x.service", "v@.service", "v@y.service", "p.service", "al@.service"}},
	"also": {map[string]string{
		"/lib/systemd/system/a.service":      unitText("WantedBy=m.target\nAlso=a.socket gone.service b.service"),
		"/lib/systemd/system/a.socket":       "[Socket]\nListenStream=/run/a\n[Install]\nWantedBy=sockets.target\n",
		"/lib/systemd/system/b.service":      unitText("Also=a.service masked.service"),
		"/etc/systemd/system/masked.service": "-> /dev/null",
		"/lib/systemd/system/only.service":   unitText("Also=a.socket"),
	}, []string{"a.service", "b.service", "only.service", "masked.service"}},
	"aliases": {map[string]string{
		"/lib/systemd/system/a.service":      unitText("WantedBy=m.target\nAlias=two.service"),
		"/lib/systemd/system/vendor.service": "-> a.service",
		"/etc/systemd/system/admin.service":  "-> /lib/systemd/system/a.service",
		"/etc/systemd/system/gone.service":   "-> missing.service",
		"/etc/systemd/system/wrong.service":  "-> a.socket",
	}, []string{"a.service", "vendor.service", "admin.service", "gone.service", "wrong.service"}},
	"self": {map[string]string{
		"/lib/systemd/system/a.service": unitText("WantedBy=m.target"),
		"/etc/systemd/system/a.service": "-> /lib/systemd/system/a.service",
	}, []string{"a.service"}},
	"loop": {map[string]string{
		"/etc/systemd/system/loop.service": "-> pool.service",
		"/etc/systemd/system/pool.service": "-> loop.service",
	}, []string{"loop.service"}},
	"linked": {map[string]string{
		"/opt/l.service":                 unitText("WantedBy=m.target\nAlias=k.service"),
		"/etc/systemd/system/l.service":  "-> /opt/l.service",
		"/etc/systemd/system/n.service":  "-> /opt/l.service",
		"/opt/r.service":                 unitText("WantedBy=m.target"),
		"/run/systemd/system/r.service":  "-> /opt/r.service",
		"/opt/t@.service":                unitText("WantedBy=m.target\nDefaultInstance=d"),
		"/etc/systemd/system/t@.service": "-> /opt/t@.service",
	}, []string{"l.service", "n.service", "r.service", "t@.service", "t@x.service"}},
	"masks": {map[string]string{
		"/lib/systemd/system/a.service":   unitText("WantedBy=m.target"),
		"/etc/systemd/system/a.service":   "-> /dev/null",
		"/lib/systemd/system/b.service":   unitText("WantedBy=m.target"),
		"/run/systemd/system/b.service":   "-> /dev/null",
		"/lib/systemd/system/c.service":   unitText("WantedBy=m.target"),
		"/etc/systemd/system/c.service":   "",
		"/lib/systemd/system/t@.service":  unitText("WantedBy=m.target\nDefaultInstance=d"),
		"/etc/systemd/system/t@d.service": "-> /dev/null",
	}, []string{"a.service", "b.service", "c.service", "t@.service", "t@d.service", "t@e.service"}},
	"generated": {map[string]string{
		"/run/systemd/generator/g.service": unitText("WantedBy=m.target"),
		"/run/systemd/transient/t.service": unitText("WantedBy=m.target"),
	}, []string{"g.service", "t.service"}},
	"foreign links": {map[string]string{
		"/lib/systemd/system/a.service":                    unitText("WantedBy=m.target"),
		"/etc/systemd/system/m.target.wants/a.service":     "-> /usr/lib/systemd/system/a.service",
		"/lib/systemd/system/b.service":                    unitText("WantedBy=m.target"),
		"/etc/systemd/system/m.target.wants/b.service":     "-> /somewhere/else.service",
		"/etc/systemd/system/x.target.requires/b.service":  "-> ../b.service",
		"/lib/systemd/system/c.service":                    unitText("WantedBy=m.target"),
		"/run/systemd/system/m.target.wants/c.service":     "-> /lib/systemd/system/c.service",
		"/lib/systemd/system/d.service":                    unitText("WantedBy=m.target"),
		"/lib/systemd/system/m.target.wants/d.service":     "-> ../d.service",
		"/lib/systemd/system/e.service":                    unitText("Alias=f.service"),
		"/etc/systemd/system/f.service":                    unitText(""),
		"/lib/systemd/system/g.service":                    unitText("Alias=h.service"),
		"/etc/systemd/system/h.service":                    "-> /lib/systemd/system/a.service",
		"/etc/systemd/system/deep/er/b.service":            "-> nowhere",
		"/lib/systemd/system/i@.service":                   "[Service]\nExecStart=/bin/true\n",
		"/lib/systemd/system/m.target.wants/i@one.service": "-> ../i@.service",
	}, []string{"a.service", "b.service", "c.service", "d.service", "e.service", "g.service", "i@one.service", "i@.service"}},
	"odd sections": {map[string]string{
		"/lib/systemd/system/a.service":   unitText("Alias=a.socket"),
		"/lib/systemd/system/b.service":   unitText("WantedBy=no-type"),
		"/lib/systemd/system/c.service":   unitText("WantedBy=m.target\nAlias=c.service"),
		"/lib/systemd/system/d.service":   unitText("Alias=m.target.wants/d.service"),
		"/lib/systemd/system/e.service":   unitText("Alias=m.target.wants/x.service"),
		"/lib/systemd/system/f.service":   unitText("UpheldBy=m.target"),
		"/lib/systemd/system/g.service":   unitText("WantedBy=%z.target"),
		"/lib/systemd/system/h.service":   unitText("WantedBy=m.target\n[broken"),
		"/lib/systemd/system/i.service":   unitText("WantedBy=\"q.target\" r\\x2ds.target"),
		"/lib/systemd/system/j.mount":     "[Mount]\nWhat=/x\nWhere=/j\n[Install]\nWantedBy=m.target\nAlias=k.mount\n",
		"/etc/systemd/system/k.mount":     "-> /lib/systemd/system/j.mount",
		"/lib/systemd/system/l.service":   unitText("WantedBy=%u.target %%.target"),
		"/lib/systemd/system/m@.service":  unitText("DefaultInstance=a/b\nWantedBy=m.target"),
		"/lib/systemd/system/n.service":   unitText("Also=\"o.service\" p\\x2dq.service"),
		"/lib/systemd/system/p-q.service": unitText("WantedBy=m.target"),
	}, []string{"a.service", "b.service", "c.service", "d.service", "e.service", "f.service", "g.service",
		"h.service", "i.service", "j.mount", "k.mount", "l.service", "m@.service", "n.service"}},
}
