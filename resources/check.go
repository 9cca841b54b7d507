package resources

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// A Check is something that must work: a URL that answers, a port that accepts
// connections, a command that ends with status 0, or a unit that is active. It
// changes nothing. It is tried before the first change and after the last.
//
// It declares one of http, tcp, command and unit. Nothing is taken from the
// environment of whoever starts the agent: no proxy, no variables.
//
//	checks:
//	  api: {http: http://127.0.0.1:3000/api/health, status: 200, contains: operational, within: 30s}
//	  site: {http: https://127.0.0.1/, server_name: www.example.org}
//	  database: {tcp: 127.0.0.1:5432}
//	  replies: {command: [pg_isready, --quiet], user: postgres}
//	  web: {unit: caddy.service}
type Check struct {
	Name string `yaml:"-"`
	// HTTP is the URL that must answer, http or https. Each try is a new
	// connection. A redirect is not followed: it is an answer with a status of its
	// own.
	HTTP string `yaml:"http,omitempty"`
	// Status is the status of the answer, such as 200. Default: any from 200 to 299.
	Status *int `yaml:"status,omitempty"`
	// Contains is a text in the first MiB of the body.
	Contains string `yaml:"contains,omitempty"`
	// CA is a file on the node with the certificates, in PEM, of the authorities
	// that are trusted. Default: those that the system trusts.
	CA Path `yaml:"ca,omitempty"`
	// ServerName is the name of the server, where the URL has an address or another
	// name: it is asked for, and must stand in the certificate. Default: the host in
	// the URL.
	ServerName string `yaml:"server_name,omitempty"`
	// Insecure takes any certificate, also one that has expired or is of another
	// server. Default: false.
	Insecure bool `yaml:"insecure,omitempty"`
	// TCP is the host and the port that must accept a connection: 127.0.0.1:5432.
	TCP string `yaml:"tcp,omitempty"`
	// Command is a program and its arguments that must end with status 0. No shell
	// is involved. At the end of its time it is killed with its children.
	Command []string `yaml:"command,omitempty"`
	// User is who runs the command. Default: root.
	User UserName `yaml:"user,omitempty"`
	// Unit is the systemd unit that must be active; reloading counts as active.
	Unit string `yaml:"unit,omitempty"`
	// Within is how long after the last change it may take until it works. Default:
	// 10s.
	Within *Duration `yaml:"within,omitempty"`
	// Timeout is how long one try may take, which is never longer than within.
	// Default: 5s.
	Timeout *Duration `yaml:"timeout,omitempty"`
	// MaxOutage is the longest that the check may be failing in a run, over all its
	// failures. As soon as it fails for longer, the whole run is taken back, whatever
	// within says. A command is asked every 500ms, so for one it is at least 1s; all
	// else is asked every 50ms, and every 10ms while it fails. Default: no limit.
	MaxOutage *Duration `yaml:"max_outage,omitempty"`
}

// How long a check may take when it does not say.
const (
	defaultWithin  = 10 * time.Second
	defaultTimeout = 5 * time.Second
)

// Plan is part of Resource: a check changes nothing.
func (c *Check) Plan(context.Context, node.View) (node.Plan, error) { return node.Plan{}, nil }

// Probe is part of Prober.
func (c *Check) Probe() (p node.Probe, within time.Duration) {
	within = c.within()
	p = node.Probe{
		TCP:     c.TCP,
		Command: c.Command,
		User:    string(c.User),
		Unit:    c.Unit,
		Limit:   min(defaultTimeout, within),
	}
	if c.Timeout != nil {
		p.Limit = min(time.Duration(*c.Timeout), within)
	}
	if c.HTTP == "" {
		return p, within
	}
	p.HTTP = &node.HTTPProbe{
		URL:        c.HTTP,
		Contains:   c.Contains,
		CA:         string(c.CA),
		ServerName: c.ServerName,
		Insecure:   c.Insecure,
	}
	if c.Status != nil {
		p.HTTP.Status = *c.Status
	}
	return p, within
}

// Bears is part of Bounded: how long it may be failing in a run.
func (c *Check) Bears() time.Duration { return declared(c.MaxOutage) }

func (c *Check) within() time.Duration {
	if c.Within == nil {
		return defaultWithin
	}
	return time.Duration(*c.Within)
}

// Conceals is part of Secretive: a URL may hold a password.
func (c *Check) Conceals() []string {
	at, err := url.Parse(c.HTTP)
	if err != nil || at.User == nil {
		return nil
	}
	password, _ := at.User.Password()
	_, written, _ := strings.Cut(at.User.String(), ":")
	return slices.DeleteFunc([]string{password, written}, func(s string) bool { return s == "" })
}
