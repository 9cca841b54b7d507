package journal

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
)

// Prune forgets the oldest runs until no more than so many are left, those aside
// that are needed, and then the contents that no run refers to any more.
func (j *Journal) Prune(keep int, needed func([]*Run) (map[int]bool, error)) error {
	numbers, err := j.numbers()
	if err != nil || len(numbers) <= keep {
		return err
	}
	runs, err := j.Runs()
	if err != nil {
		return err
	}
	wanted, err := needed(runs)
	if err != nil {
		return err
	}
	old := numbers[:len(numbers)-keep]
	if !slices.ContainsFunc(old, func(n int) bool { return !wanted[n] }) {
		return nil
	}
	for _, n := range old {
		if wanted[n] {
			continue
		}
		if err := os.Remove(j.file(n)); err != nil {
			return wrap(err)
		}
	}
	return j.pruneContents()
}

// pruneContents forgets the contents that no run refers to.
func (j *Journal) pruneContents() error {
	numbers, err := j.numbers()
	if err != nil {
		return err
	}
	referred := map[string]bool{}
	for _, n := range numbers {
		text, err := os.ReadFile(j.file(n))
		if err != nil {
			return wrap(err)
		}
		for _, digest := range quotedDigests().FindAllSubmatch(text, -1) {
			referred[string(digest[1])] = true
		}
	}
	kept, err := os.ReadDir(j.contents())
	if err != nil {
		return wrap(err)
	}
	var errs []error
	for _, content := range kept {
		if !referred[content.Name()] {
			errs = append(errs, wrap(os.Remove(filepath.Join(j.contents(), content.Name()))))
		}
	}
	return errors.Join(errs...)
}

// quotedDigests are what may refer to a content: one too many keeps one too long.
var quotedDigests = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"([0-9a-f]{64})"`) })
