package authkeys

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The options of sshd(8), in lower case. Those with true may have "no-" before
// them, those with false may not.
var flagOptions = map[string]bool{
	"restrict": false, "cert-authority": false, "agent-forwarding": true, "port-forwarding": true, "pty": true,
	"touch-required": true, "user-rc": true, "verify-required": true, "x11-forwarding": true,
}

// The options with a value. Those with true may stand more than once.
var valueOptions = map[string]bool{
	"command": false, "from": false, "principals": false,
	"environment": true, "expiry-time": true, "permitlisten": true, "permitopen": true, "tunnel": true,
}

// CheckOptions says what is wrong with the options of a key. With an option
// that sshd does not know, or cannot read, it refuses the key.
func CheckOptions(options []string) error {
	seen := map[string]bool{}
	for _, option := range options {
		name, value, valued := strings.Cut(strings.ToLower(option), "=")
		if err := checkOption(option, name, value, valued); err != nil {
			return err
		}
		if again, ok := valueOptions[name]; ok && !again && seen[name] {
			return fmt.Errorf("the option %s stands twice: sshd refuses such a key", name)
		}
		seen[name] = true
	}
	if seen["principals"] && !seen["cert-authority"] {
		return errors.New("the option principals needs cert-authority: sshd refuses such a key")
	}
	return nil
}

func checkOption(option, name, value string, valued bool) error {
	_, takesValue := valueOptions[name]
	_, isFlag := flagOptions[name]
	switch {
	case takesValue && !(valued && quoted(value)):
		return fmt.Errorf(`option %q: write %s="...", with \" for a quote within`, option, name)
	case isFlag && valued:
		return fmt.Errorf("option %q: %s takes no value", option, name)
	case takesValue, isFlag, flagOptions[strings.TrimPrefix(name, "no-")] && !valued:
		return nil
	}
	known := slices.Sorted(maps.Keys(flagOptions))
	known = slices.AppendSeq(known, maps.Keys(valueOptions))
	slices.Sort(known)
	return fmt.Errorf("option %q: sshd knows no such option; it knows %s", option, strings.Join(known, ", "))
}

// quoted says whether a value is one string in double quotes, all on one line.
func quoted(value string) bool {
	if !strings.HasPrefix(value, `"`) || strings.ContainsAny(value, "\n\r\x00") {
		return false
	}
	for i := 1; i < len(value); i++ {
		switch value[i] {
		case '\\':
			if strings.HasPrefix(value[i+1:], `"`) {
				i++
			}
		case '"':
			return i == len(value)-1
		}
	}
	return false
}
