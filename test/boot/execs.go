package boot

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

// Execs runs a command inside the node under strace(1), and returns with its
// result every program that it and its children executed, in order, its own
// first: one program means that it started none. What it has others start
// (systemd, cron) is not among them.
func (c *Container) Execs(argv ...string) (Result, []string, error) {
	made, err := c.Run("mktemp", "/tmp/execs.XXXXXX")
	if err != nil {
		return Result{}, nil, err
	}
	log := strings.TrimSpace(made.Stdout)
	tracer := []string{"strace", "--follow-forks", "--trace=execve,execveat", "--signal=none",
		"--quiet=all", "--seccomp-bpf", "--output=" + log, "--"}
	result, err := c.Run(append(tracer, argv...)...)
	if err != nil {
		return result, nil, err
	}
	trace, err := c.ReadFile(log)
	if err != nil {
		return result, nil, fmt.Errorf("strace: %s%w", result.Stderr, err)
	}
	return result, executed(trace), c.Do("rm", log)
}

// A call that another process's output interrupts is written in two lines.
var (
	execCall    = regexp.MustCompile(`^(\d+) +execve(?:at)?\([^"]*"([^"]*)"`)
	execResumed = regexp.MustCompile(`^(\d+) +<\.\.\. execve(?:at)? resumed>`)
)

// executed returns the programs of the calls in trace that succeeded.
func executed(trace string) []string {
	var programs []string
	calling := map[string]string{} // process to the program of its call in two lines
	for line := range strings.Lines(trace) {
		line = strings.TrimSpace(line)
		program := ""
		if call := execCall.FindStringSubmatch(line); call != nil {
			program = cmp.Or(call[2], "(no path)")
			calling[call[1]] = program
		} else if resumed := execResumed.FindStringSubmatch(line); resumed != nil {
			program = cmp.Or(calling[resumed[1]], "(executed by a thread)")
		}
		if program != "" && strings.HasSuffix(line, " = 0") {
			programs = append(programs, program)
		}
	}
	return programs
}
