package resources

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/unitfile"
)

// unreadableFor is what keeps the processes of a service from reading what lies
// at a path.
func unreadableFor(v node.View, service *unitfile.Unit, at string) error {
	if service.Masked || seesAll(service) {
		return nil
	}
	user, err := serviceUser(v, service)
	if err != nil {
		return err
	}
	return unreadable(v, user, at)
}

// seesAll says whether a service keeps the powers with which root passes modes by.
func seesAll(service *unitfile.Unit) bool {
	return slices.ContainsFunc(service.Values("Service", "AmbientCapabilities"), func(list string) bool {
		return !strings.HasPrefix(list, "~") && strings.Contains(list, "CAP_DAC_")
	})
}

// serviceUser is whom the processes of a service run as, in the groups that
// systemd gives them.
func serviceUser(v node.View, service *unitfile.Unit) (node.User, error) {
	name := service.User()
	dynamic, _ := service.Bool("Service", "DynamicUser")
	switch {
	case name == "" && dynamic:
		name, _, _ = strings.Cut(strings.TrimSuffix(service.Name, ".service"), "@")
	case name == "":
		name = "root"
	}
	user, ok := v.User(nameOf(v, "/etc/passwd", name))
	switch {
	case ok:
	case dynamic:
		user = node.User{Name: name, UID: -1, Group: name}
	case allDigits(name):
		uid, _ := strconv.Atoi(name)
		user = node.User{Name: name, UID: uid}
	default:
		return user, fmt.Errorf("there is no user %s, as whom it runs", name)
	}
	if group := service.Group(); group != "" {
		user.Group = nameOf(v, "/etc/group", group)
	}
	user.Groups = slices.Clone(user.Groups)
	for _, group := range service.SupplementaryGroups() {
		user.Groups = append(user.Groups, nameOf(v, "/etc/group", group))
	}
	return user, nil
}

// nameOf is the name that a user or group has in passwd(5) or group(5) who may be
// told by number.
func nameOf(v node.View, file, told string) string {
	if !allDigits(told) {
		return told
	}
	text, _ := v.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if columns := strings.Split(line, ":"); len(columns) > 2 && strings.TrimSpace(columns[2]) == told {
			return columns[0]
		}
	}
	return told
}
