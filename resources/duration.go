package resources

import (
	"fmt"
	"strings"
	"time"
)

// A Duration is a time span such as 500ms, 30s or 5m.
type Duration time.Duration

// UnmarshalText takes a number with a unit, or several of them: 1m30s.
func (d *Duration) UnmarshalText(text []byte) error {
	span, err := time.ParseDuration(string(text))
	if err != nil || span < 0 {
		return fmt.Errorf("%q is not a time span: write 500ms, 30s or 5m", text)
	}
	*d = Duration(span)
	return nil
}

// declared is a time span that may be declared, 0 when it is not.
func declared(d *Duration) time.Duration {
	if d == nil {
		return 0
	}
	return time.Duration(*d)
}

// MarshalText writes the span as UnmarshalText takes it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String leaves out the parts that are nothing: 5m, not 5m0s. So does systemd.time(7).
func (d Duration) String() string {
	text := time.Duration(d).String()
	for _, nothing := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, nothing) {
			text = text[:len(text)-2]
		}
	}
	return text
}
