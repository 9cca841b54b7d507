package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/makenotwork/mnw-agent/manifests"
)

// places turns paths as they are here into those that a node has, which are others
// when the node is an image in a directory. It keeps the first error.
type places struct {
	root string
	err  error
}

func (p *places) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// inside is a path as the node has it.
func (p *places) inside(path string) string {
	whole, err := filepath.Abs(path)
	if err != nil {
		p.fail(err)
		return path
	}
	below, ok := strings.CutPrefix(whole, strings.TrimSuffix(p.root, "/")+"/")
	if !ok {
		p.fail(usageError{fmt.Errorf("%s is not in %s: the service would not find it there", path, p.root)})
	}
	return "/" + below
}

// hasDir says whether the node has a directory.
func (p *places) hasDir(path string) bool {
	info, err := os.Stat(filepath.Join(p.root, path))
	return err == nil && info.IsDir()
}

// program is this very program, which nobody else may be able to replace. An image has
// it in the same place.
func (p *places) program() string {
	path, err := os.Executable()
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		p.fail(fmt.Errorf("where is this program? %w", err))
		return ""
	}
	if below, ok := strings.CutPrefix(path, p.root+"/"); ok {
		path = "/" + below
	}
	at := filepath.Join(p.root, path)
	if _, err := os.Stat(at); err != nil {
		p.fail(fmt.Errorf("there is no %s: put the program there, for the service in %s runs it as %s", at, p.root, path))
	}
	if err := manifests.Ours(at); err != nil {
		p.fail(fmt.Errorf("%s would run as root: %w", at, err))
	}
	return path
}
