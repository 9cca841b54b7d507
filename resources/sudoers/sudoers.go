// Package sudoers reads the text of a policy, as sudoers(5) describes it. It
// knows texts, not files.
//
// It reads to judge what is granted, not to edit. What it does not understand,
// such as a line with a fault in it, it passes over: that is for visudo(8).
package sudoers

import "fmt"

// A Policy is what some texts say together. Their order counts: of grants that
// concern the same command the last one holds.
type Policy struct {
	Grants   []Grant
	Defaults []Default

	read    map[string]bool
	aliases map[alias]definition
}

// A Grant is some users on some hosts with what they may run there.
type Grant struct {
	File  string
	Users List
	Hosts List
	Specs []Spec
}

// A Spec is one command of a grant, with what it is run as.
type Spec struct {
	Runas      *Runas // nil: as the default says
	NoPassword bool
	Chroot     bool // the command is one below another root
	Command    Command
}

// A Runas is whom a command may be run as. Where both lists are empty, that is
// the invoking user.
type Runas struct{ Users, Groups List }

// String tells one from another.
func (r *Runas) String() string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("%#v:%#v", r.Users, r.Groups)
}

// A Command is an element of a list of commands.
type Command struct {
	File string
	Line int
	At   int    // its first byte in the text
	Raw  string // as it stands there, without its arguments
	Not  bool
	Kind CommandKind
	Path string // of a Program: without escapes, unless it is a pattern
	Args string // as sudo compares them; "" for any, `""` for none
	// Digested says that sudo runs the file only while it has a certain digest.
	Digested bool
}

// A CommandKind says what a command names.
type CommandKind uint8

// The kinds of commands.
const (
	Every   CommandKind = iota // ALL
	Aliased                    // a Cmnd_Alias
	Program                    // a path, or a pattern of paths
	Other                      // sudoedit, a regular expression, and what is not understood
)

// A List is elements of which the last one that matches decides.
type List []Item

// An Item is an element of a list of users, groups or hosts.
type Item struct {
	Not  bool
	Kind ItemKind
	Text string // without quotes and escapes
}

// An ItemKind says what an item names.
type ItemKind uint8

// The kinds of items.
const (
	Any     ItemKind = iota // ALL
	Alias                   // an alias, where one of that name is defined, otherwise a name
	Name                    // of a user, or a host
	ID                      // a number, which stands after #
	Group                   // a group, after %
	GroupID                 // a group's number, after %#
	Foreign                 // what the system's own files do not tell: netgroups and such
)

// A Default is a setting. Scope is what it is limited to, from its first sign on:
// ":alice", "@host", ">git", "!/bin/x"; "" when it holds always.
type Default struct {
	Scope, Name, Value string
	Not                bool
}

// An Include is a line that takes in other texts.
type Include struct {
	File string // that it stands in
	Path string // as it stands there, without quotes and escapes
	Dir  bool
}

// A Text is one text, with a name for it.
type Text struct {
	Name  string
	Bytes []byte
}

type alias struct{ kind, name string }

// A definition is what an alias stands for: a Cmnd_Alias for commands, any other
// for a list.
type definition struct {
	list     List
	commands []Command
}
