// Makenotwork stands in for the server that the tests' manifests take care of.
// Like that server it is configured by its environment alone, does not start
// when a variable or a path named by one is missing, and answers /api/health.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
)

// version is set by the linker.
var version = "unknown"

var (
	required = []string{"DATABASE_URL", "HOST", "PORT", "HOST_URL"}
	paths    = []string{"DOCS_PATH", "ASSUMPTIONS_PATH", "YARA_RULES_DIR", "GIT_REPOS_PATH"}
)

func main() {
	log.SetFlags(0)
	if err := configured(); err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /api/health", health)
	http.HandleFunc("GET /docs/{slug}", page)
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
	fmt.Fprintf(w, `{"status":"operational","version":%q,"checks":{"database":true}}`+"\n", version)
}

func page(w http.ResponseWriter, r *http.Request) {
	http.ServeFile(w, r, filepath.Join(os.Getenv("DOCS_PATH"), r.PathValue("slug")+".md"))
}
