package resources

import (
	"encoding/binary"
	"testing"

	"github.com/makenotwork/mnw-agent/resources/node"
)

// aclBytes is a list as the kernel has it.
func aclBytes(entries ...aclEntry) []byte {
	bytes := []byte{2, 0, 0, 0}
	for _, e := range entries {
		bytes = binary.LittleEndian.AppendUint16(bytes, e.tag)
		bytes = binary.LittleEndian.AppendUint16(bytes, uint16(e.perm))
		bytes = binary.LittleEndian.AppendUint32(bytes, e.id)
	}
	return bytes
}

func TestACL(t *testing.T) {
	const uid, gid = 1000, 44
	others, mask := aclEntry{aclOthers, 0o5, 0}, aclEntry{aclMask, 0o7, 0}
	in := func(tag uint16, id uint32) bool { return tag == aclNamed && id == gid }
	for name, test := range map[string]struct {
		list []aclEntry
		want bool
	}{
		"empty":              {nil, false},
		"others":             {[]aclEntry{{aclOthers, 0o7, 0}}, true},
		"its own":            {[]aclEntry{{aclUser, 0o7, uid}, mask, others}, true},
		"its own, masked":    {[]aclEntry{{aclUser, 0o7, uid}, {aclMask, 0o5, 0}, {aclOthers, 0o7, 0}}, false},
		"its own goes first": {[]aclEntry{{aclUser, 0o5, uid}, {aclNamed, 0o7, gid}, mask, others}, false},
		"another's":          {[]aclEntry{{aclUser, 0o7, 1001}, mask, others}, false},
		"its group's":        {[]aclEntry{{aclGroup, 0o5, 0}, {aclNamed, 0o7, gid}, mask, others}, true},
		"one of two":         {[]aclEntry{{aclNamed, 0o5, gid}, {aclNamed, 0o7, gid}, mask, others}, true},
		"not others":         {[]aclEntry{{aclNamed, 0o5, gid}, mask, {aclOthers, 0o7, 0}}, false},
	} {
		if got := parseACL(aclBytes(test.list...)).allows(uid, in, mayWrite); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What a list gives stands in one of its entries, whatever the bytes are.
func FuzzACL(f *testing.F) {
	f.Add(aclBytes(aclEntry{aclUser, 0o7, 1}, aclEntry{aclMask, 0o5, 0}, aclEntry{aclOthers, 0o5, 0}), uint32(1))
	f.Add([]byte{2, 0, 0}, uint32(0))
	f.Fuzz(func(t *testing.T, bytes []byte, uid uint32) {
		list := parseACL(bytes)
		given := node.Mode(0)
		for _, e := range list {
			given |= e.perm
		}
		for _, permission := range []node.Mode{mayEnter, mayWrite, mayRead} {
			if list.allows(uid, func(uint16, uint32) bool { return true }, permission) && given&permission == 0 {
				t.Errorf("%v gives %o", list, permission)
			}
		}
	})
}
