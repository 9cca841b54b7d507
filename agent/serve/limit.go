package serve

import (
	"net"
	"sync"
)

// maxConversations is how many are had at a time. Prometheus has one; somebody who
// opens more and more of them is not to take the files and the memory that runs need.
const maxConversations = 100

// A limited listener accepts no more connections than there are places. Who comes then
// waits until one is free: an idle conversation ends by itself.
type limited struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	close  func() error
}

func limit(l net.Listener, places int) *limited {
	closed := make(chan struct{})
	return &limited{
		Listener: l, places: make(chan struct{}, places), closed: closed,
		close: sync.OnceValue(func() error { close(closed); return l.Close() }),
	}
}

// Accept is part of net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	leave := sync.OnceFunc(func() { <-l.places })
	if err != nil {
		leave()
		return nil, err
	}
	return seated{conn, leave}, nil
}

// Close is part of net.Listener.
func (l *limited) Close() error { return l.close() }

// A seated connection has a place until it is closed.
type seated struct {
	net.Conn
	leave func()
}

// Close is part of net.Conn.
func (s seated) Close() error {
	defer s.leave()
	return s.Conn.Close()
}
