package resources

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// This file is what the fields of a Check may be.

// checkLabel is what a check may be called, so that it can stand in a metric.
var checkLabel = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9._-]+$`) })

// Check is part of Checker.
func (c *Check) Check() error {
	var errs []error
	if !checkLabel().MatchString(c.Name) || len(c.Name) > 64 {
		errs = append(errs, fmt.Errorf("%q is not a name for a check: want up to 64 letters, digits, dots, dashes and underscores", c.Name))
	}
	kinds := c.declared("http", "tcp", "command", "unit")
	if len(kinds) == 0 {
		errs = append(errs, errors.New("a check needs one of http, tcp, command and unit"))
	} else {
		errs = append(errs, atMostOne(kinds), c.checkBelonging())
	}
	return errors.Join(append(errs,
		inField(c.checkURL(), "http"), inField(c.checkStatus(), "status"), inField(c.checkServerName(), "server_name"),
		inField(c.checkTCP(), "tcp"), inField(c.checkCommand(), "command"), inField(c.checkUnit(), "unit"),
		c.checkTimes())...)
}

// declared is those of some keys that are declared.
func (c *Check) declared(keys ...string) []string {
	is := map[string]bool{
		"http": c.HTTP != "", "tcp": c.TCP != "", "command": len(c.Command) > 0, "unit": c.Unit != "",
		"status": c.Status != nil, "contains": c.Contains != "", "ca": c.CA != "", "server_name": c.ServerName != "",
		"insecure": c.Insecure, "user": c.User != "",
	}
	return slices.DeleteFunc(keys, func(key string) bool { return !is[key] })
}

// checkBelonging finds fields that say nothing about what is declared.
func (c *Check) checkBelonging() error {
	var errs []error
	refuse := func(why string, keys ...string) {
		for _, key := range c.declared(keys...) {
			errs = append(errs, inField(errors.New(why), key))
		}
	}
	switch scheme, _, _ := strings.Cut(strings.ToLower(c.HTTP), ":"); scheme {
	case "":
		refuse("this belongs to http: leave it out", "status", "contains", "ca", "server_name", "insecure")
	case "http":
		refuse("this is about certificates, which need https", "ca", "insecure")
	default:
		errs = append(errs, atMostOne(c.declared("ca", "insecure")))
	}
	if len(c.Command) == 0 {
		refuse("this belongs to command: leave it out", "user")
	}
	return errors.Join(errs...)
}

// checkURL does not repeat the URL, which may hold a password.
func (c *Check) checkURL() error {
	if c.HTTP == "" {
		return nil
	}
	at, err := url.Parse(c.HTTP)
	switch {
	case err != nil:
		return errors.New("this is not a URL: write http://127.0.0.1:3000/health")
	case at.Scheme != "http" && at.Scheme != "https":
		return errors.New("the URL begins neither with http:// nor with https://")
	case at.Hostname() == "":
		return errors.New("the URL has no host")
	case at.Port() != "" && !isPort(at.Port()):
		return errors.New("the port of the URL is none: want 1 to 65535")
	}
	return nil
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

func (c *Check) checkStatus() error {
	if c.Status != nil && (*c.Status < 100 || *c.Status > 599) {
		return fmt.Errorf("%d is not a status of HTTP: want 100 to 599", *c.Status)
	}
	return nil
}

func (c *Check) checkServerName() error {
	if strings.ContainsAny(c.ServerName, ":/@ \t\r\n") {
		return fmt.Errorf("%q is not the name of a server: want a host alone", c.ServerName)
	}
	return nil
}

func (c *Check) checkTCP() error {
	if c.TCP == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(c.TCP)
	switch {
	case err != nil || host == "":
		return fmt.Errorf("%q is not a host and a port: write 127.0.0.1:5432 or [::1]:5432", c.TCP)
	case !isPort(port):
		return fmt.Errorf("%q is not a port: want 1 to 65535", port)
	}
	return nil
}

func (c *Check) checkCommand() error {
	switch {
	case len(c.Command) == 0:
		return nil
	case c.Command[0] == "":
		return errors.New("the program is missing")
	case strings.Contains(c.Command[0], "/") && !path.IsAbs(c.Command[0]):
		return fmt.Errorf("%q is neither the name of a program nor an absolute path", c.Command[0])
	case slices.ContainsFunc(c.Command, func(word string) bool { return strings.ContainsRune(word, 0) }):
		return errors.New("a command cannot hold a NUL byte")
	}
	return nil
}

func (c *Check) checkUnit() error {
	switch {
	case c.Unit == "":
		return nil
	case isTemplate(c.Unit):
		return fmt.Errorf("a template does not run: name an instance, such as %s", strings.Replace(c.Unit, "@.", "@one.", 1))
	}
	return checkUnitName(c.Unit)
}

// errNoTime is an error in a time span.
var errNoTime = errors.New("this leaves no time: want more than 0s")

// leastOutage is the shortest outage that can be told of a command.
const leastOutage = time.Second

func (c *Check) checkTimes() error {
	return errors.Join(c.checkWithin(), c.checkMaxOutage())
}

func (c *Check) checkMaxOutage() error {
	switch {
	case c.MaxOutage == nil:
		return nil
	case *c.MaxOutage == 0:
		return inField(errNoTime, "max_outage")
	case len(c.Command) > 0 && time.Duration(*c.MaxOutage) < leastOutage:
		return inField(fmt.Errorf("a command is asked every 500ms: want at least %s", leastOutage), "max_outage")
	}
	return nil
}

func (c *Check) checkWithin() error {
	switch {
	case c.Within != nil && *c.Within == 0:
		return inField(errNoTime, "within")
	case c.Timeout == nil:
		return nil
	case *c.Timeout == 0:
		return inField(errNoTime, "timeout")
	case time.Duration(*c.Timeout) > c.within():
		return inField(fmt.Errorf("%s is longer than within, which is %s", time.Duration(*c.Timeout), c.within()), "timeout")
	}
	return nil
}
