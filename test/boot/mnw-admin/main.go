// Mnw-admin stands in for the tool beside the server:
//
//	mnw-admin rebuild-keys    writes the git user's authorized_keys, as git
//	mnw-admin git-auth USER   is what sshd runs for one of these keys
//
// It takes its environment from a file, if it can read that, and both the file and
// the path that it writes into the keys are compiled in.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
)

// These are set by the linker.
var (
	self   = "/opt/mnw/current/mnw-admin"
	dotenv = "/etc/mnw/makenotwork.env"
)

// keys is what the database would hold: the names of those who may push, with
// their keys. A file beside the git user's repositories stands in for it.
const keys = "keys"

func main() {
	log.SetFlags(0)
	load()
	if err := run(os.Args[1:]); err != nil {
		log.Fatal("mnw-admin: ", err)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "rebuild-keys":
		if os.Getenv("DATABASE_URL") == "" {
			return errors.New("DATABASE_URL must be set: NotPresent")
		}
		return rebuildKeys()
	case len(args) == 2 && args[0] == "git-auth":
		return serveGit()
	}
	return errors.New("usage: mnw-admin rebuild-keys | git-auth USER")
}

// load takes what the environment file has and the environment has not.
func load() {
	file, err := os.Open(dotenv)
	if err != nil {
		return
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, value, ok := strings.Cut(lines.Text(), "=")
		if _, set := os.LookupEnv(name); ok && !set && !strings.HasPrefix(name, "#") {
			os.Setenv(name, strings.Trim(value, `'"`))
		}
	}
}

// rebuildKeys writes the keys into the home that the user has now.
func rebuildKeys() error {
	git, err := user.Lookup("git")
	if err != nil {
		return err
	}
	known, err := os.ReadFile(filepath.Join(git.HomeDir, keys))
	if err != nil {
		return err
	}
	var text strings.Builder
	for line := range strings.Lines(string(known)) {
		name, key, _ := strings.Cut(strings.TrimSpace(line), " ")
		fmt.Fprintf(&text, "command=%q,restrict %s %s\n", self+" git-auth "+name, key, name)
	}
	dir := filepath.Join(git.HomeDir, ".ssh")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "authorized_keys"), []byte(text.String()), 0o600)
}

func serveGit() error {
	shell, err := exec.LookPath("git-shell")
	if err != nil {
		return err
	}
	return syscall.Exec(shell, []string{"git-shell", "-c", os.Getenv("SSH_ORIGINAL_COMMAND")}, os.Environ())
}
