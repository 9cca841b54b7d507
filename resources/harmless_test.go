package resources

import "testing"

func TestHarmless(t *testing.T) {
	v := draw(t, "d /data 0755 root:root", "l /pool data", "l /none nowhere")
	for _, setting := range [][2]string{
		{"EMPTY", ""}, {"PORT", "3000"}, {"RATIO", "-0.5"}, {"MAX", "10m"}, {"CACHE", "64MiB"}, {"TIMEOUT", "1500ms"}, {"SHARE", "80%"}, {"V", "1.2.3"},
		{"DEBUG", "TRUE"}, {"NODE_ENV", "production"}, {"LOG_LEVEL", "INFO"}, {"LANG", "en_US.UTF-8"}, {"LC_ALL", "C"}, {"TZ", "Europe/Berlin"},
		{"HOST", "0.0.0.0"}, {"BIND", ":8080"}, {"LISTEN", "[::1]:3000"}, {"ADDR", "localhost:3000"}, {"DB_HOST", "db-1.example.org:5432"},
		{"API_URL", "https://api.example.org"}, {"URL", "http://127.0.0.1:3000/"},
		{"PATH", "/usr/bin:/bin"}, {"DATA", "/srv/not/yet/"}, {"DATA", "/data/x:/pool/y"}, {"ROOT", "/"}, {"TLS_CERT", "/etc/ssl/web.pem"},
	} {
		if !harmless(v, setting[0], setting[1]) {
			t.Errorf("%s=%s is hidden", setting[0], setting[1])
		}
	}
	for _, setting := range [][2]string{
		{"DB_PW", "on"}, {"MYSQLPW", "on"}, {"PIN", "1234"}, {"OTP2", "9999"}, {"SMTP_CRED", "on"}, {"SEED", "1"}, {"PASSPHRASE", "on"}, {"pass", "1"},
		{"UNLOCK_CODE", "48291"}, {"WIFI_PSK", "on"}, {"JWT", "1.2.3"}, {"DSN", "http://localhost"}, {"ENCRYPTION", "1"}, {"TOKEN_FILE", "/etc/token"},
		{"MYSQL_ROOT", "letmein"}, {"MASTER", "dragon"}, {"WORDS", "correct.horse"}, {"MAPBOX", "pk.abcdef0123"}, {"HOST", "pk.abcDEF0123"},
		{"DOOR", "482913"}, {"DOOR", "1.2.3.4.5.6"}, {"TAG", "123abc"}, {"VALUE", "deadbeef"}, {"UPPER", "DEADBEEF"}, {"TZ", "Europe/Berlin/x"},
		{"ENC", "/3kd9AbQwErTyUi0pAsDf"}, {"ENC", "/srv/../3kd9"}, {"ENC", "/srv:3kd9"}, {"ENC", "/srv/a=b"}, {"ADMIN_PATH", "/admin-8dk2m4"}, {"DATA", "//srv"}, {"DATA", "/none/x"},
		{"DB", "postgres://web:x@localhost/web"}, {"URL", "https://web:x@example.org/"}, {"HC", "https://hc.example.org/0e1f-22"}, {"TWO", "on\non"},
	} {
		if harmless(v, setting[0], setting[1]) {
			t.Errorf("%s=%s is shown", setting[0], setting[1])
		}
	}
}

func TestMayTell(t *testing.T) {
	for text, want := range map[string]string{
		"[Service]\nEnvironment=PORT=1 \"API_TOKEN=x y\"\n":       "API_TOKEN",
		"[Service]\nExecStart=/usr/bin/env DB_PW='x' web\n":       "DB_PW",
		"Environment=DATABASE_URL=postgres://web:x@localhost/w\n": "a URL",
		"[client]\npassword = x\n":                                "password",
		"{\"db_password\": \"x\"}":                                "db_password",
		"api_key: x\n":                                            "api_key",
		"PasswordAuthentication no\npasswd: files\n":              "",
		"password_file = /etc/web/password\n":                     "",
		"[Service]\nEnvironment=PORT=3000\n":                      "",
		"[Service]\nEnvironment=SSH_KEY=/etc/web/key\n":           "",
		"NETID_AUTHORITATIVE=TRUE\nNSS_BYPASS_BUS=1\n":            "",
		"PASSWORD=$(cat /etc/web/password)\nTOKEN=\"$1\"\n":       "",
		"[Service]\nKeyringMode=private\nPrivateTmp=yes\n":        "",
		"see https://example.org/a:b@c, http://[::1]:80/\n":       "",
	} {
		if got := mayTell(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
