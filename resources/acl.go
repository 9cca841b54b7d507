package resources

import (
	"encoding/binary"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// An acl is the access control list of a path, as acl(5) has it; empty where its
// mode says it all.
type acl []aclEntry

type aclEntry struct {
	tag  uint16
	perm node.Mode
	id   uint32
}

// The tags of entries, as in linux/posix_acl.h.
const (
	aclUser   = 0x02
	aclGroup  = 0x04 // the path's own
	aclNamed  = 0x08 // another group
	aclMask   = 0x10
	aclOthers = 0x20
)

// aclOf is the access control list of a path. It can give nothing that the group's
// bits of the mode do not have: they are its mask.
func aclOf(v node.View, at string, s node.State) acl {
	more := s.Mode & 0o070 &^ (s.Mode & 0o007 << 3)
	if s.Kind != node.File && s.Kind != node.Directory || more == 0 {
		return nil
	}
	x, err := v.Xattrs(at)
	if err != nil {
		return nil
	}
	return parseACL([]byte(x["system.posix_acl_access"]))
}

// parseACL reads a list as the kernel has it: a version, then eight bytes for each
// entry.
func parseACL(bytes []byte) acl {
	const head, size = 4, 8
	var list acl
	for len(bytes) >= head+size {
		entry := bytes[head:]
		list = append(list, aclEntry{binary.LittleEndian.Uint16(entry), node.Mode(binary.LittleEndian.Uint16(entry[2:])), binary.LittleEndian.Uint32(entry[4:])})
		bytes = bytes[size:]
	}
	return list
}

// allows says whether the list gives a permission to a user who is not the owner
// of its path: the entry of that user decides, otherwise one of the groups, which
// need not be the first, otherwise that of others.
func (a acl) allows(uid uint32, inGroup func(tag uint16, gid uint32) bool, permission node.Mode) bool {
	mask, others := node.Mode(0o7), node.Mode(0)
	var own, groups []node.Mode
	for _, e := range a {
		switch {
		case e.tag == aclMask:
			mask = e.perm
		case e.tag == aclOthers:
			others = e.perm
		case e.tag == aclUser && e.id == uid:
			own = append(own, e.perm)
		case (e.tag == aclGroup || e.tag == aclNamed) && inGroup(e.tag, e.id):
			groups = append(groups, e.perm)
		}
	}
	if len(own) == 0 {
		own = groups
	}
	if len(own) == 0 {
		return others&permission != 0
	}
	for _, perm := range own {
		if perm&mask&permission != 0 {
			return true
		}
	}
	return false
}
