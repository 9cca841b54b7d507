package node

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A UserRecord is one side of a UserChange.
type UserRecord struct {
	Present bool `json:"present"`
	// Fields are those that the change concerns. Of a new user, those that are
	// left out are what useradd(8) makes them.
	Fields map[UserField]string `json:"fields,omitempty"`
	// Groups are the supplementary groups that the user is in on this side only.
	Groups []string `json:"groups,omitempty"`
	// OwnGroup is the group of the user's own name, where it comes and goes with
	// the user.
	OwnGroup *GroupRecord `json:"own_group,omitempty"`
	// System takes the number of a new user from the range for the system's own.
	System bool `json:"system,omitempty"`
	// Shadow is the line in shadow(5) of a user that goes, password and all. It
	// is never shown.
	Shadow *Content `json:"-"`
}

// A UserField is a field of a user's line in passwd(5).
type UserField string

// The fields of a user. UserGroup is the primary group, by name.
const (
	UserUID     UserField = "uid"
	UserGroup   UserField = "group"
	UserComment UserField = "comment"
	UserHome    UserField = "home"
	UserShell   UserField = "shell"
)

// userFields are the fields in the order in which they are told.
var userFields = []UserField{UserUID, UserGroup, UserHome, UserShell, UserComment}

// Field is the value of a field as it stands in a record.
func (u User) Field(f UserField) string {
	switch f {
	case UserUID:
		return strconv.Itoa(u.UID)
	case UserGroup:
		return u.Group
	case UserComment:
		return u.Comment
	case UserHome:
		return u.Home
	}
	return u.Shell
}

// String tells the record in a few words: `home /srv/git, in www-data`.
func (r UserRecord) String() string {
	words := r.words()
	switch {
	case !r.Present && r.OwnGroup != nil:
		return "absent, but there is a group of its name"
	case !r.Present:
		return "absent"
	case len(words) == 0:
		return "present"
	}
	return strings.Join(words, ", ")
}

func (r UserRecord) words() []string {
	var words []string
	for _, f := range userFields {
		if value, ok := r.Fields[f]; ok {
			words = append(words, fmt.Sprintf("%s %s", f, shownField(value)))
		}
	}
	if len(r.Groups) > 0 {
		words = append(words, "in "+strings.Join(slices.Sorted(slices.Values(r.Groups)), " and "))
	}
	if r.OwnGroup != nil {
		words = append(words, "own group")
	}
	return words
}

func shownField(value string) string {
	if value == "" {
		return `""`
	}
	return value
}
