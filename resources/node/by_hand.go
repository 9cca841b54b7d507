package node

import (
	"fmt"
	"strings"
)

// ByHand is the commands that bring back what a change saw, for a person to type
// when the program cannot. A content is named by the file that holds it.
func ByHand(c Change, file func(*Content) string) string { return c.byHand(file) }

func (c *PathChange) byHand(file func(*Content) string) string {
	at, from := quoted(c.Path), c.From
	owner := ""
	if from.Owner != "" || from.Group != "" {
		owner = fmt.Sprintf(" && chown -h %s %s", quoted(from.Owner+":"+from.Group), at)
	}
	switch {
	case from.Kind == Absent && c.To.Kind == Directory:
		return "rmdir " + at
	case from.Kind == Absent:
		return "rm " + at
	case from.Kind == Symlink:
		return fmt.Sprintf("ln -sfn %s %s%s", quoted(from.Target), at, owner)
	case from.Kind == File && from.Content != nil:
		return fmt.Sprintf("cp --remove-destination %s %s%s && chmod %s %s", quoted(file(from.Content)), at, owner, from.Mode, at)
	case from.Kind == Directory && c.To.Kind != Directory:
		return fmt.Sprintf("mkdir %s%s && chmod %s %s", at, owner, from.Mode, at)
	}
	return strings.TrimPrefix(fmt.Sprintf("%s && chmod %s %s", owner, from.Mode, at), " && ") // chown(2) clears setuid
}

func (c *UserChange) byHand(func(*Content) string) string {
	if !c.From.Present {
		return "userdel " + quoted(c.Name)
	}
	verb := "usermod"
	if !c.To.Present {
		verb = "useradd -M"
	}
	words := []string{verb}
	for _, f := range userFields {
		if value, ok := c.From.Fields[f]; ok {
			words = append(words, userFlags[f], quoted(value))
		}
	}
	if len(c.From.Groups) > 0 {
		words = append(words, "-a -G", quoted(strings.Join(c.From.Groups, ",")))
	}
	text := ""
	if len(words) > 1 || !c.To.Present {
		text = strings.Join(append(words, quoted(c.Name)), " ")
	}
	for _, g := range c.To.Groups {
		text += fmt.Sprintf(" && gpasswd -d %s %s", quoted(c.Name), quoted(g))
	}
	return strings.TrimPrefix(text, " && ")
}

func (c *GroupChange) byHand(func(*Content) string) string {
	switch {
	case !c.From.Present:
		return "groupdel " + quoted(c.Name)
	case !c.To.Present && c.From.GID == "":
		return "groupadd " + quoted(c.Name)
	case !c.To.Present:
		return fmt.Sprintf("groupadd -g %s %s", c.From.GID, quoted(c.Name))
	}
	return fmt.Sprintf("groupmod -g %s %s", c.From.GID, quoted(c.Name))
}

func (c *CrontabChange) byHand(file func(*Content) string) string {
	if c.From == nil {
		return "crontab -u " + quoted(c.User) + " -r"
	}
	return fmt.Sprintf("crontab -u %s %s", quoted(c.User), quoted(file(c.From)))
}

func (c *UnitAction) byHand(func(*Content) string) string {
	if !c.From.Running() {
		return "systemctl stop " + quoted(c.Unit)
	}
	return "systemctl restart " + quoted(c.Unit)
}

func (c *ManagerReload) byHand(func(*Content) string) string { return "systemctl daemon-reload" }

func (c *TreeRemoval) byHand(func(*Content) string) string { return "# " + c.gone() }

func (c *TreeMove) byHand(file func(*Content) string) string {
	text := fmt.Sprintf("mv -nT %s %s", quoted(c.To), quoted(c.From))
	if c.alters() {
		text += " && " + c.atTop(c.From).byHand(file)
	}
	return text
}

func (c *TreeCopy) byHand(func(*Content) string) string { return "rm -r " + quoted(hiding(c.To)) }

func (c *TreeSync) byHand(func(*Content) string) string {
	return fmt.Sprintf("# bring what is newer in %s back to %s, then remove it: see rsync -aHAXn --itemize-changes %[1]s/ %[2]s/", quoted(c.To), quoted(c.From))
}

func (c *TreeLook) byHand(func(*Content) string) string {
	return "# nothing: it was only looked at " + quoted(c.From)
}

func (c *TreeReturn) byHand(func(*Content) string) string {
	return fmt.Sprintf("rsync -aHAX %s/ %s/", quoted(c.From), quoted(c.To))
}

// quoted is a word as a shell takes it.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-:,@+=", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
