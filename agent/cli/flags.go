package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/makenotwork/mnw-agent/agent"
)

// This file is the flags that verbs share, and what they mean to the engine.

// flags are what all verbs share that look at a node.
type flags struct {
	json      bool
	root      string
	stateDir  string
	color     string
	logFormat string
	wait      time.Duration
	timeout   time.Duration
	keep      int

	metricsFile string
}

// nodeFlags are the flags of the verbs that look at a node or its journal.
func (a *app) nodeFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&a.flags.root, "root", "/", "`directory` to use instead of /: an image or a sandbox; nothing runs there")
	f.StringVar(&a.flags.stateDir, "state-dir", "", "`directory` of the agent's own files (default "+agent.DefaultStateDir+" below the root)")
}

// runFlags are the flags of the verbs that walk over a node.
func (a *app) runFlags(cmd *cobra.Command) {
	a.nodeFlags(cmd)
	f := cmd.Flags()
	f.DurationVar(&a.flags.wait, "wait", 0, "how long to wait while another run holds the lock, before exit status 5 (default not at all)")
	f.DurationVar(&a.flags.timeout, "timeout", time.Hour, "how long the run may take; 0 for no limit")
	a.metricsFlag(cmd)
}

// keepFlag is the flag of the verbs that write to the journal.
func (a *app) keepFlag(cmd *cobra.Command) {
	cmd.Flags().IntVar(&a.flags.keep, "keep", agent.DefaultKeep, "how many runs the journal keeps, besides those that --prune needs")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if a.flags.keep < 1 {
			return usageError{errors.New("--keep takes a number from 1 on")}
		}
		return nil
	}
}

func (a *app) checkFlags() error {
	switch a.flags.color {
	case "auto", "always", "never":
	default:
		return usageError{fmt.Errorf("--color %q: want auto, always or never", a.flags.color)}
	}
	if a.flags.wait < 0 || a.flags.timeout < 0 {
		return usageError{errors.New("--wait and --timeout take no negative duration")}
	}
	if strings.HasSuffix(a.flags.metricsFile, "/") {
		return usageError{fmt.Errorf("--metrics-file %s: that is a directory: name a file in it, such as mnw-agent.prom", a.flags.metricsFile)}
	}
	switch a.flags.logFormat {
	case "text", "json":
	default:
		return usageError{fmt.Errorf("--log-format %q: want text or json", a.flags.logFormat)}
	}
	return nil
}

// options are the engine's options that the flags ask for.
func (a *app) options() (agent.Options, error) {
	root, err := filepath.Abs(a.flags.root)
	if err != nil {
		return agent.Options{}, err
	}
	if info, err := os.Stat(root); err != nil || !info.IsDir() {
		return agent.Options{}, usageError{fmt.Errorf("--root %s: there is no such directory", a.flags.root)}
	}
	return agent.Options{
		Root: root, StateDir: a.flags.stateDir, Wait: a.flags.wait, Timeout: a.flags.timeout,
		Keep: a.flags.keep, Progress: a.progress(),
	}, nil
}

// needRoot refuses a verb that changes the running system to who may not. Others may
// try it on what --root names.
func needRoot(verb *cobra.Command, o agent.Options, instead string) error {
	if o.Root != "/" || os.Geteuid() == 0 {
		return nil
	}
	return fmt.Errorf("%s changes this system and needs root: use sudo, or --root DIRECTORY for %s", verb.Name(), instead)
}
