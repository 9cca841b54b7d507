package manifests

import (
	"fmt"
	"iter"
)

// enoughPatience lets some thousand names be compared.
const enoughPatience = 5_000_000

// didYouMean is the function of that name, as long as there is patience.
func (l *loader) didYouMean(name string, candidates iter.Seq[string]) string {
	if l.full() {
		return ""
	}
	return didYouMean(name, candidates, &l.patience)
}

// didYouMean suggests the candidate nearest to a name that does not exist, as
// the end of an error; it is empty when none is near.
func didYouMean(name string, candidates iter.Seq[string], patience *int) string {
	if best := nearest(name, candidates, patience); best != "" {
		return fmt.Sprintf(": did you mean %q?", best)
	}
	return ""
}

// nearest is the candidate that the fewest edits make out of name; the smallest
// of equals, empty when none is near. It takes what the comparisons cost from
// patience, and gives up when there is none left.
func nearest(name string, candidates iter.Seq[string], patience *int) string {
	best, least := "", min(3, max(2, len(name)/3), len(name)-1)
	for candidate := range candidates {
		if *patience--; *patience < 0 {
			break
		}
		if gap := len(candidate) - len(name); gap > least || -gap > least {
			continue
		}
		*patience -= len(name) * len(candidate) / 10
		d := distance(name, candidate)
		if d < least || d == least && (best == "" || candidate < best) {
			best, least = candidate, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two texts, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}
