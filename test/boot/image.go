package boot

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

//go:embed image.sh
var imageScript string

// imageLimit is how long building the image may take, waiting for another
// process that builds it included.
const imageLimit = 10 * time.Minute

var images sync.Map // the packages on top to how

// Image returns the directory of the image with some more packages, which it
// builds when the cache has none made by today's image.sh. That takes about half
// a minute, once per machine. Processes that need it at the same time wait for
// one of them: the lock is inherited by the build, so it holds even when its
// starter is killed.
func Image(packages ...string) (string, error) {
	find := sync.OnceValues(func() (string, error) { return findImage(packages) })
	known, _ := images.LoadOrStore(strings.Join(packages, " "), find)
	return known.(func() (string, error))()
}

func findImage(packages []string) (string, error) {
	digest := sha256.Sum256([]byte(strings.Join(append([]string{imageScript}, packages...), "\n")))
	image := filepath.Join(cache(), fmt.Sprintf("image-%x", digest[:6]))
	if _, err := os.Stat(image); err == nil {
		return image, nil
	}
	if err := os.MkdirAll(cache(), 0o755); err != nil {
		return "", err
	}

	ctx, cancel := context.WithTimeout(context.Background(), imageLimit)
	defer cancel()
	args := append([]string{image + ".lock", "sh", "-c", imageScript, "image.sh", image}, packages...)
	build := exec.CommandContext(ctx, "flock", args...)
	build.WaitDelay = time.Second
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", image, err, tail(string(out), 40))
	}
	return image, nil
}

// tail is the end of text, at most so many lines of it.
func tail(text string, lines int) string {
	all := strings.SplitAfter(text, "\n")
	return strings.Join(all[max(0, len(all)-lines):], "")
}
