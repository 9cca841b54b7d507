package test

import "testing"

func TestZZLeaks(t *testing.T) {
	m := ready(t)
	served(m, `
sudoers: {web: {content: "www-data ALL=(root) NOPASSWD: /bin/true\n"}}
units: {slow.service: {active: true, content: "[Service]\nExecStart=/bin/sleep infinity\n"}}
checks: {ssh: {tcp: "127.0.0.1:22"}}
`, "--interval 1h --timeout 1m")
	t.Log(m.Sh(`
until test $(wc -l </root/runs) -ge 1; do sleep 0.1; done
p=$(systemctl show --property=MainPID --value serve)
see() { echo "$1 fds $(ls /proc/$p/fd | wc -l) $(grep -E 'Threads|VmRSS|VmHWM' /proc/$p/status | tr -s '\n\t ' ' ')"; }
see start
for i in $(seq 150); do
  sed -i "s|bin/t.*|bin/tr$i|" /etc/sudoers.d/web; sed -i "s|ALL=.*bin|ALL=(root) NOPASSWD: /bin|; s|bin/[a-z]*[0-9]*|bin/x$i|" /root/manifest.yaml; n=$(wc -l </root/runs); kill -HUP $p; until test $(wc -l </root/runs) -gt $n; do sleep 0.02; done
  curl -sS localhost:9464/ >/dev/null; curl -sS localhost:9464/metrics >/dev/null
  test $((i % 50)) != 0 || see $i
done
for i in $(seq 300); do n=$(wc -l </root/runs); kill -HUP $p; until test $(wc -l </root/runs) -gt $n; do sleep 0.01; done; done
see noop
grep -o '"result":"[a-z]*"' /root/runs | sort | uniq -c
for i in $(seq 200); do kill -HUP $p; done; sleep 2; see storm; wc -l </root/runs; systemctl is-active serve
cat /proc/$p/stat | cut -d' ' -f14,15; sleep 20;  cat /proc/$p/stat | cut -d' ' -f14,15
ls -R /var/lib/mnw-agent | wc -l; systemctl status serve | head -20
`))
}
