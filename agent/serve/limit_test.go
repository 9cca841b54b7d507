package serve

import (
	"net"
	"testing"
)

// Who comes when all places are taken waits for one, and a listener that is closed
// keeps nobody waiting.
func TestLimit(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	l := limit(inner, 2)
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	for range 3 {
		conn, err := net.Dial("tcp", inner.Addr().String())
		check(t, err)
		defer conn.Close()
	}
	first, second := <-accepted, <-accepted
	select {
	case <-accepted:
		t.Fatal("a third has a place")
	case l.places <- struct{}{}:
		t.Fatal("there is a third place")
	default:
	}
	check(t, first.Close())
	_ = first.Close() // a second time, as net/http does, frees no place of others
	third := <-accepted
	if n := len(l.places); n > 2 {
		t.Errorf("%d places are taken", n)
	}
	check(t, l.Close())
	if _, more := <-accepted; more {
		t.Error("it accepts after it was closed")
	}
	for _, conn := range []net.Conn{second, third} {
		check(t, conn.Close())
	}
}
