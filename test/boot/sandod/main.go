// Sandod stands in for the daemon that brings releases to the tiers. Like that daemon it
// reads its tiers once, when it starts, and of a server that it cannot find it
// tells whoever asks for a release only how far it has come.
package main

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
)

const tiersFile = "/etc/sando/sando.toml"

func main() {
	log.SetFlags(0)
	tiers, err := readTiers()
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /state", tiers.state)
	http.HandleFunc("POST /promote/{tier}", tiers.promote)
	log.Fatal(http.ListenAndServe("127.0.0.1:7700", nil))
}

// tiers is where releases go: the name of each tier to user@host.
type tiers map[string]string

func readTiers() (tiers, error) {
	file, err := os.Open(tiersFile)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	all, tier := tiers{}, ""
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "[tier."); ok {
			tier = strings.TrimSuffix(name, "]")
		}
		if target, ok := strings.CutPrefix(lines.Text(), "target = "); ok {
			all[tier] = strings.Trim(target, `"`)
		}
	}
	return all, lines.Err()
}

func (all tiers) state(w http.ResponseWriter, _ *http.Request) {
	for _, tier := range []string{"a", "b"} {
		fmt.Fprintf(w, "%s %s\n", tier, all[tier])
	}
}

func (all tiers) promote(w http.ResponseWriter, r *http.Request) {
	_, host, _ := strings.Cut(all[r.PathValue("tier")], "@")
	if _, err := net.LookupHost(host); err != nil {
		log.Print(err)
		http.Error(w, "creating remote release dir", http.StatusBadGateway)
	}
}
