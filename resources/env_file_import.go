package resources

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/makenotwork/mnw-agent/resources/envfile"
	"github.com/makenotwork/mnw-agent/resources/node"
)

// Import is part of Importer. Only values that are clearly no secrets are declared, such
// as paths, numbers and host names; of all other keys it is that they must be there.
func (e *EnvFile) Import(v node.View) ([]string, error) {
	now, err := found(v, string(e.Path), node.File)
	if err != nil {
		return nil, err
	}
	file, err := v.ReadVouched(string(e.Path))
	if err != nil {
		return nil, err
	}
	notes := e.Perm.imports(now)
	text := file.Content.Bytes()
	for _, key := range slices.Sorted(slices.Values(envfile.Parse(text).Keys())) {
		switch value, ok := envfile.Parse(text).Get(key); {
		case !ok:
			notes = append(notes, key+" is not declared: its readers do not agree on its value")
		case harmless(key, value) && asItStands(text, key, value):
			if e.Set == nil {
				e.Set = map[string]string{}
			}
			e.Set[key] = value
		default:
			e.Require = append(e.Require, key)
		}
	}
	if len(e.Require) > 0 {
		notes = append(notes, "the values of the keys under require are not declared: they may be secrets, or are not written as they would be")
	}
	return notes, nil
}

// asItStands says whether a file would not be changed by setting a key to the value
// that it has.
func asItStands(text []byte, key, value string) bool {
	file := envfile.Parse(text)
	return file.Set(key, value) == nil && string(file.Bytes()) == string(text)
}

var (
	secretKey = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)(SECRET|TOKEN|PASS|PWD|PRIVATE|CREDENTIAL|SALT|COOKIE|AUTH|SIGN|DSN|API|KEY|CERT|SESSION|WEBHOOK)`)
	})
	harmlessSet = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(|/[\w./@:+-]*|-?[0-9]{1,9}(\.[0-9]+)?[a-z%]{0,3}|(?i:true|false|yes|no|on|off)|[a-z]{1,16}|[a-z0-9-]+(\.[a-z0-9-]+)+|[0-9]{1,3}(\.[0-9]{1,3}){3}(:[0-9]+)?|https?://[a-z0-9.-]+(:[0-9]+)?/?)$`)
	})
)

// harmless says whether a value can be shown to anybody. What is not known to be so may
// be a secret.
func harmless(key, value string) bool {
	return !secretKey().MatchString(key) && harmlessSet().MatchString(value) && !strings.Contains(value, "..")
}
