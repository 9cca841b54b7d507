package manifests

import (
	"fmt"
	"strings"
	"testing"
)

// An id in a field of a resource is held to what after: is held to, where it stands.
func TestMentions(t *testing.T) {
	const text = `version: 1
files: {/a: {content: x}}
units:
  a.service:
    needs_stop:
      - file:/a
      - file:/b
      - thing:x
      - nothing
      - unit:a.service
  b@.service: {needs_stop: ["file:/a"]}
`
	_, err := Parse("m.yaml", []byte(text), Options{})
	var got []string
	for _, e := range Errors(err) {
		got = append(got, e.Error())
	}
	want := `m.yaml:7:9: needs_stop: there is no file:/b in this manifest: did you mean "file:/a"?
m.yaml:8:9: needs_stop: "thing" is not a type of resources
m.yaml:9:9: needs_stop: "nothing" is not an id: want TYPE:NAME, such as file:/etc/motd
m.yaml:10:9: needs_stop: this is unit:a.service itself
m.yaml:11:16: needs_stop: a template does not run: declare an instance, such as b@one.service`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

// How long something may be away is more than nothing, and no less than can be told.
func TestMaxOutage(t *testing.T) {
	for fields, want := range map[string]string{
		"checks: {a: {tcp: '127.0.0.1:1', max_outage: %s}}":  "0s: this leaves no time",
		"checks: {a: {command: ['true'], max_outage: %s}}":   "900ms: want at least 1s",
		"units: {a.service: {max_outage: %s, active: true}}": "0s: this leaves no time",
	} {
		bad, says, _ := strings.Cut(want, ": ")
		for span, wrong := range map[string]bool{bad: true, "1s": false} {
			_, err := Parse("m.yaml", fmt.Appendf(nil, "version: 1\n"+fields, span), Options{})
			if wrong != (err != nil) || wrong && !strings.Contains(err.Error(), says) {
				t.Errorf(fields+": %v", span, err)
			}
		}
	}
}
