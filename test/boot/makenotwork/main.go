// Makenotwork stands in for the server that the tests' manifests take care of.
// Like that server it is configured by its environment alone, does not start when
// a variable or a path named by one is missing, takes a second to start, answers
// /api/health, and knows a few paths that no environment changes.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// These are set by the linker: the release, whether its health check fails, and the
// paths that are compiled in.
var (
	version    = "unknown"
	ill        = ""
	admin      = "/opt/mnw/current/mnw-admin"
	knownHosts = "/etc/mnw/known_hosts"
)

// warmUp is how long the server takes until it listens: the rules are compiled.
const warmUp = time.Second

var (
	required = []string{"DATABASE_URL", "HOST", "PORT", "HOST_URL"}
	paths    = []string{"DOCS_PATH", "ASSUMPTIONS_PATH", "YARA_RULES_DIR", "GIT_REPOS_PATH"}
)

func main() {
	log.SetFlags(0)
	if err := configured(); err != nil {
		log.Fatal(err)
	}
	time.Sleep(warmUp)
	http.HandleFunc("GET /api/health", health)
	http.HandleFunc("GET /docs/{slug}", page)
	http.HandleFunc("POST /api/ssh-keys", rebuildKeys)
	http.HandleFunc("GET /api/builders", builders)
	address := net.JoinHostPort(os.Getenv("HOST"), os.Getenv("PORT"))
	log.Printf("makenotwork %s listens on %s", version, address)
	log.Fatal(http.ListenAndServe(address, nil))
}

func configured() error {
	for _, name := range append(required, paths...) {
		if os.Getenv(name) == "" {
			return fmt.Errorf("%s must be set", name)
		}
	}
	for _, name := range paths {
		if _, err := os.Stat(os.Getenv(name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	status := "operational"
	if ill != "" {
		status = "degraded"
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprintf(w, `{"status":%q,"version":%q,"checks":{"database":%t}}`+"\n", status, version, ill == "")
}

func page(w http.ResponseWriter, r *http.Request) {
	http.ServeFile(w, r, filepath.Join(os.Getenv("DOCS_PATH"), r.PathValue("slug")+".md"))
}

// rebuildKeys has the keys of the git user written anew, as git.
func rebuildKeys(w http.ResponseWriter, _ *http.Request) {
	if out, err := exec.Command("sudo", "-n", "-u", "git", admin, "rebuild-keys").CombinedOutput(); err != nil {
		http.Error(w, fmt.Sprintf("%s: %v: %s", admin, err, out), http.StatusInternalServerError)
	}
}

// builders shows the machines that builds may run on.
func builders(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, knownHosts) }
