package node

import (
	"sync"

	"golang.org/x/sys/unix"
)

// A lastUsers is the user database as it was last read.
type lastUsers struct {
	mu     sync.Mutex
	db     *userDB
	stamps [2]stamp
}

// userDB is the user database as it is now, read again only when one of its
// files is another one than before.
func (m *Machine) userDB() *userDB {
	last := &m.users
	last.mu.Lock()
	defer last.mu.Unlock()
	if stamps := [2]stamp{m.stamp(passwdFile), m.stamp(groupFile)}; last.db == nil || stamps != last.stamps {
		last.db, last.stamps = readUserDB(m), stamps
	}
	return last.db
}

// A stamp tells a file from what it becomes when somebody writes to it or
// replaces it.
type stamp struct {
	inode
	size         int64
	mtime, ctime unix.Timespec
}

func (m *Machine) stamp(path string) stamp {
	fd, err := m.open(path, unix.O_PATH)
	if err != nil {
		return stamp{}
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	_ = unix.Fstat(fd, &st)
	return stamp{inode{st.Dev, st.Ino}, st.Size, st.Mtim, st.Ctim}
}
