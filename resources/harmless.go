package resources

import (
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// This file knows which settings can be shown to anybody. What is not known to be so
// may be a secret: it is the shape of a value that clears it, never that it looks like
// no password, and none is cleared under a name that a secret may have.

var (
	secretKey = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)SECRET|TOKEN|PASS|PWD|PRIVATE|CRED|SALT|COOKIE|AUTH|SIGN|DSN|KEY|SESSION|WEBHOOK|PHRASE|SEED|HASH|HMAC|JWT|PSK|BEARER|CRYPT|CIPHER|NONCE|PEPPER|RECOVERY|UNLOCK|LICENSE|CODE|(PW|PIN|OTP)(_|[0-9]|$)`)
	})
	harmlessSet = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(` + strings.Join([]string{
			``,
			`(?i:true|false|yes|no|on|off|none|auto|always|never|enabled|disabled)`,
			`(?i:production|prod|staging|stage|development|dev|test|testing|local)`,
			`(?i:trace|debug|verbose|info|notice|warn|warning|error|critical|quiet|json|text|plain|pretty)`,
			`-?[0-9]{1,5}(\.[0-9]{1,5}){0,2}(?i:%|[num]?s|m|h|d|w|[kmg]i?b?)?`, // sizes, times, versions
			`C|POSIX|C\.UTF-8|[a-z]{2}_[A-Z]{2}(\.(UTF-8|utf8))?`,
			`UTC|[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+`, // time zones
			`:[0-9]{1,5}|(localhost|[0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9a-f:]*:[0-9a-f:]*\])(:[0-9]{1,5})?`,
			`https?://[a-z0-9.-]+(:[0-9]{1,5})?/?`,
		}, "|") + `)$`)
	})
	hostKey = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)HOST|ADDR|DOMAIN|SERVER|ENDPOINT|LISTEN|BIND|UPSTREAM`)
	})
	hostName = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]{1,5})?$`)
	})
)

// harmless says whether a setting can be shown to anybody.
func harmless(v node.View, key, value string) bool {
	switch {
	case secretKey().MatchString(key):
		return false
	case strings.HasPrefix(value, "/"):
		return arePaths(v, value)
	case hostKey().MatchString(key) && hostName().MatchString(value):
		return true
	}
	return harmlessSet().MatchString(value)
}

var pathSet = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^/[\w./@+-]*$`) })

// standardDirs are those that any node has, hier(7), if not every image of one.
const standardDirs = " bin boot dev etc home lib media mnt opt proc root run sbin srv sys tmp usr var "

// arePaths says whether a text is absolute paths with colons between them: the first
// directory of each is there. A secret may well begin with a slash.
func arePaths(v node.View, text string) bool {
	for one := range strings.SplitSeq(text, ":") {
		if !pathSet().MatchString(one) || path.Clean(one) != one && path.Clean(one)+"/" != one {
			return false
		}
		first, _, _ := strings.Cut(one[1:], "/")
		_, end := follow(v, "/"+first)
		if end.Kind != node.Directory && !strings.Contains(standardDirs, " "+first+" ") {
			return false
		}
	}
	return true
}

var (
	assignment = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\b([A-Z][A-Z0-9_]*)=["']?([^\s"'/$]+)`)
	})
	isSwitch = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?i:[01]|true|false|yes|no|on|off)$`) })
	password = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)\b(\w*(?:password|secret|token|api_?key))["']?[ \t]*[=:][ \t]*["']?[^\s"'/$<{]+`)
	})
	login = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`://[^\s/:@]*:[^\s/@$]+@`) })
)

// mayTell is what may be a secret in a text that everybody may read: a setting, as of
// Environment= in a unit, whose name says so, or a URL with a password; "" for nothing.
func mayTell(text string) string {
	for _, found := range assignment().FindAllStringSubmatch(text, -1) {
		if secretKey().MatchString(found[1]) && !isSwitch().MatchString(found[2]) {
			return found[1]
		}
	}
	if found := password().FindStringSubmatch(text); found != nil {
		return found[1]
	}
	if login().MatchString(text) {
		return "a URL"
	}
	return ""
}
