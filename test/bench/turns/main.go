// Turns runs programs in turns, round after round, and prints a line for each
// run: how long it took from start to exit, in nanoseconds, and how much memory
// it had at most, in KiB.
//
//	turns ROUNDS PROGRAM [ARGUMENT...] [-- PROGRAM [ARGUMENT...]]...
//
// It is a program of its own so that it can stand on a node beside what it
// measures. And it is a small one: Linux counts the memory of the process that
// starts a program as the program's own.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) < 3 {
		fail("usage: turns ROUNDS PROGRAM [ARGUMENT...] [-- PROGRAM [ARGUMENT...]]...")
	}
	rounds, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fail(err)
	}
	programs := split(os.Args[2:])
	for range rounds {
		for _, argv := range programs {
			took, kib := run(argv)
			fmt.Println(took.Nanoseconds(), kib)
		}
	}
}

func split(args []string) [][]string {
	end := slices.Index(args, "--")
	if end < 0 {
		return [][]string{args}
	}
	return append([][]string{args[:end]}, split(args[end+1:])...)
}

func run(argv []string) (took time.Duration, kib int64) {
	program := exec.Command(argv[0], argv[1:]...)
	began := time.Now()
	if err := program.Run(); err != nil {
		fail(argv, err)
	}
	took = time.Since(began)
	return took, program.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
}

func fail(what ...any) {
	fmt.Fprintln(os.Stderr, what...)
	os.Exit(1)
}
