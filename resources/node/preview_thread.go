package node

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// A thread is a thread of the operating system that runs what it is told, one
// after the other, and nothing else. What it does to its own namespaces and
// working directory is gone when it ends.
type thread struct {
	work  chan func()
	ended chan struct{}
}

func newThread() *thread {
	t := &thread{work: make(chan func()), ended: make(chan struct{})}
	ready := make(chan struct{})
	go t.serve(ready)
	<-ready
	return t
}

// serve never unlocks its thread, so that the thread ends with the goroutine.
// The main thread of a program cannot end so: it is held until another is found.
func (t *thread) serve(ready chan struct{}) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		elsewhere := make(chan struct{})
		go t.serve(elsewhere)
		<-elsewhere
		runtime.UnlockOSThread()
		close(ready)
		return
	}
	close(ready)
	defer close(t.ended)
	for f := range t.work {
		f()
	}
}

// do runs a function on the thread.
func (t *thread) do(f func() error) error {
	result := make(chan error)
	t.work <- func() { result <- f() }
	return <-result
}

// end ends the thread.
func (t *thread) end() {
	close(t.work)
	<-t.ended
}
