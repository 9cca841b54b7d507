// Liar is a process that says it was given gigabytes of arguments and environment: it
// has the kernel look for them in memory that holds nothing. It waits until it is killed.
package main

import (
	"encoding/binary"
	"log"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// gigabytes is how many are said to be there.
const gigabytes = 64

func main() {
	memory, err := unix.Mmap(-1, 0, gigabytes<<30, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		log.Fatal(err)
	}
	begin := uint64(uintptr(unsafe.Pointer(&memory[0])))
	end := begin + uint64(len(memory))
	code := stat(26, 27)
	data := stat(45, 46, 47)
	var m []byte // struct prctl_mm_map, PR_SET_MM(2const)
	for _, n := range []uint64{code[0], code[1], data[0], data[1], data[2], data[2], stat(28)[0], begin, end, begin, end, 0} {
		m = binary.NativeEndian.AppendUint64(m, n)
	}
	const noFile = ^uint32(0)
	m = binary.NativeEndian.AppendUint32(m, 0)
	m = binary.NativeEndian.AppendUint32(m, noFile)
	if err := unix.Prctl(unix.PR_SET_MM, unix.PR_SET_MM_MAP, uintptr(unsafe.Pointer(&m[0])), uintptr(len(m)), 0); err != nil {
		log.Fatal(err)
	}
	if err := unix.Pause(); err != nil {
		log.Fatal(err)
	}
}

// stat is some fields of proc_pid_stat(5), numbered from 1.
func stat(numbers ...int) []uint64 {
	text, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		log.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndex(string(text), ")")+1:]))
	var all []uint64
	for _, number := range numbers {
		n, err := strconv.ParseUint(fields[number-3], 10, 64)
		if err != nil {
			log.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}
