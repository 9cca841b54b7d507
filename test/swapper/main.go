// Swapper is a hostile neighbour. Its arguments are pairs: a path, and what is
// to be put in its place for some microseconds, again and again, in one step:
//
//	symlink:TARGET  hardlink:FILE  fifo
//
// It runs until it is killed.
package main

import (
	"log"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	targets := os.Args[1:]
	if len(targets) == 0 || len(targets)%2 != 0 {
		log.Fatal("usage: swapper PATH DECOY…")
	}
	for {
		i := 2 * rand.IntN(len(targets)/2)
		swap(targets[i], targets[i+1])
	}
}

// swap puts a decoy in the place of what is at a path, and back.
func swap(path, decoy string) {
	spare := path + ".swap"
	os.RemoveAll(spare)
	var err error
	kind, of, _ := strings.Cut(decoy, ":")
	switch kind {
	case "symlink":
		err = os.Symlink(of, spare)
	case "hardlink":
		err = os.Link(of, spare)
	case "fifo":
		err = unix.Mkfifo(spare, 0o666)
	default:
		log.Fatalf("%s: no decoy", decoy)
	}
	if err != nil && !os.IsNotExist(err) && !os.IsExist(err) {
		log.Fatal(err)
	}
	if exchange(path, spare) {
		dwell()
		exchange(path, spare)
	}
	dwell()
}

// exchange does nothing when one of the two is not there.
func exchange(a, b string) bool {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE) == nil
}

// dwell waits for up to half a millisecond, without giving the processor away.
func dwell() {
	for end := time.Now().Add(time.Duration(rand.IntN(500)) * time.Microsecond); time.Now().Before(end); {
	}
}
