package envfile

import "testing"

const maskBefore = `# === Database ===
DATABASE_URL=postgres://u:p@h/db
HOST=localhost
  export PASS = 'x' # y
#OLD_PASS=secret
# once postgres://user:password@host/db
; goes on \
secret
KEY=-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASC
bGFzdA==
-----END PRIVATE KEY-----
EMPTY=
HOST="one
two"
`

const maskAfter = `# === Database ===
DATABASE_URL=postgres://u:q@h/db
HOST=example.org
  export PASS = 'x' # y
#OLD_PASS=other
# once postgres://user:password@host/db
; goes on \
secret
KEY=-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASD
bGFzdA==
-----END PRIVATE KEY-----
EMPTY=
HOST="one
three"
TOKEN=new
`

const maskedBefore = `# === Database ===
DATABASE_URL=<hidden>
HOST=localhost
  export PASS =<hidden>
#OLD_PASS=<hidden>
#<hidden>
; goes on \
<hidden>
KEY=<hidden>
<hidden 2>
<hidden 3>
<hidden 4>
EMPTY=<hidden>
HOST=<hidden>
`

const maskedAfter = `# === Database ===
DATABASE_URL=<hidden, changed>
HOST=example.org
  export PASS =<hidden>
#OLD_PASS=<hidden, changed>
#<hidden>
; goes on \
<hidden>
KEY=<hidden>
<hidden, changed>
<hidden 3>
<hidden 4>
EMPTY=<hidden>
HOST=<hidden, changed>
TOKEN=<hidden>
`

func TestMasked(t *testing.T) {
	before, after := Masked(Parse([]byte(maskBefore)), Parse([]byte(maskAfter)), func(key string) bool { return key == "HOST" })
	if string(before) != maskedBefore {
		t.Errorf("before:\n%s\nwant:\n%s", before, maskedBefore)
	}
	if string(after) != maskedAfter {
		t.Errorf("after:\n%s\nwant:\n%s", after, maskedAfter)
	}
}
