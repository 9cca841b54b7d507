// Mnw-agent makes a node match its manifest, and says what it did.
package main

import (
	"os"

	"github.com/makenotwork/mnw-agent/agent/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr))
}
