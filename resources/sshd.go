package resources

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// sshdConfig is where sshd's settings begin.
const sshdConfig = "/etc/ssh/sshd_config"

// sshdSettings are the settings of sshd_config(5) as they hold for one user: the
// first value of a keyword counts, one in a matching Match block before one
// outside. A Match block that depends on the connection is left out.
type sshdSettings struct {
	v               node.View
	user            node.User
	global, matched map[string]sshdSetting
}

// An sshdSetting is the arguments of a keyword, and where it stands first.
type sshdSetting struct {
	args []string
	at   string // file:line
}

func readSSHD(v node.View, user node.User) *sshdSettings {
	s := &sshdSettings{v: v, user: user, global: map[string]sshdSetting{}, matched: map[string]sshdSetting{}}
	s.read(sshdConfig, s.global, 0)
	return s
}

// get is the setting of a keyword, in lower case; without arguments when it has
// none.
func (s *sshdSettings) get(keyword string) sshdSetting {
	if setting, ok := s.matched[keyword]; ok {
		return setting
	}
	return s.global[keyword]
}

// is says whether a keyword has a value, if need be by default.
func (s *sshdSettings) is(keyword, value, otherwise string) bool {
	if args := s.get(keyword).args; len(args) > 0 {
		return strings.EqualFold(args[0], value)
	}
	return value == otherwise
}

// sshdDepth is how deep files may include each other, as in sshd.
const sshdDepth = 16

// read takes the settings of a file into those of the section that it is
// included in. A Match block ends with its file.
func (s *sshdSettings) read(file string, into map[string]sshdSetting, depth int) {
	text, err := s.v.ReadFile(file)
	if err != nil || depth > sshdDepth {
		return
	}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		words := sshdWords(string(line))
		if len(words) == 0 {
			continue
		}
		keyword, args := strings.ToLower(words[0]), words[1:]
		switch {
		case keyword == "match":
			into = nil
			if s.matches(args) {
				into = s.matched
			}
		case into == nil:
		case keyword == "include":
			for _, included := range s.included(args) {
				s.read(included, into, depth+1)
			}
		default:
			set(into, keyword, sshdSetting{args, fmt.Sprintf("%s:%d", file, number)})
		}
	}
}

// set takes a setting that is the first of its keyword, or another line of a
// list.
func set(into map[string]sshdSetting, keyword string, setting sshdSetting) {
	first, there := into[keyword]
	switch keyword {
	case "allowusers", "denyusers", "allowgroups", "denygroups":
		if there {
			first.args = append(first.args, setting.args...)
			setting = first
		}
	default:
		if there {
			return
		}
	}
	into[keyword] = setting
}

// included is the files that patterns of an Include name, sorted.
func (s *sshdSettings) included(patterns []string) []string {
	var files []string
	for _, pattern := range patterns {
		if !path.IsAbs(pattern) {
			pattern = path.Join(path.Dir(sshdConfig), pattern)
		}
		names, _ := s.v.ReadDir(path.Dir(pattern))
		for _, name := range names {
			if ok, _ := path.Match(path.Base(pattern), name); ok && name[0] != '.' {
				files = append(files, path.Join(path.Dir(pattern), name))
			}
		}
	}
	return files
}

// matches says whether the criteria of a Match hold for the user, whoever
// connects from wherever.
func (s *sshdSettings) matches(criteria []string) bool {
	for len(criteria) > 0 {
		name, list := criteria[0], ""
		criteria = criteria[1:]
		if strings.EqualFold(name, "all") {
			continue
		}
		if len(criteria) > 0 {
			list, criteria = criteria[0], criteria[1:]
		}
		var names []string
		switch strings.ToLower(name) {
		case "user":
			names = []string{s.user.Name}
		case "group":
			names = groupsOf(s.user)
		}
		if !inPatternList(names, list) {
			return false
		}
	}
	return true
}

// groupsOf is the primary and the supplementary groups of a user.
func groupsOf(u node.User) []string { return append([]string{u.Group}, u.Groups...) }

// inPatternList says whether a list of patterns as in PATTERNS of ssh_config(5)
// holds one of the names: a pattern with ! in front rules all out.
func inPatternList(names []string, list string) bool {
	found := false
	for pattern := range strings.SplitSeq(list, ",") {
		pattern, negated := strings.CutPrefix(pattern, "!")
		if slices.ContainsFunc(names, func(name string) bool { return likePattern(name, pattern) }) {
			if negated {
				return false
			}
			found = true
		}
	}
	return found
}

// plainly takes the other meanings from what is a pattern to package path.
var plainly = strings.NewReplacer(`\`, `\\`, `[`, `\[`)

// likePattern says whether a name is like a pattern with * and ?.
func likePattern(name, pattern string) bool {
	ok, _ := path.Match(plainly.Replace(pattern), name)
	return ok
}
