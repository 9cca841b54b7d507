package resources

// A Type is a kind of resource: a section of the manifest.
type Type struct {
	Section string                     // the section's key: "directories"
	Name    string                     // its singular, as in ids: "directory"
	New     func(name string) Resource // an empty declaration under that name
}

// New is an empty declaration under an id, nil when there is no such type.
func New(id ID) Resource {
	for _, t := range All {
		if t.Name == id.Type {
			return t.New(id.Name)
		}
	}
	return nil
}

// All is what can be managed, in the order in which it is documented.
var All = []Type{
	{"users", "user", func(name string) Resource { return &User{Name: UserName(name)} }},
	{"groups", "group", func(name string) Resource { return &Group{Name: GroupName(name)} }},
	{"directories", "directory", func(name string) Resource { return &Directory{Path: Path(name)} }},
	{"files", "file", func(name string) Resource { return &File{Path: Path(name)} }},
	{"env_files", "env_file", func(name string) Resource { return &EnvFile{Path: Path(name)} }},
	{"symlinks", "symlink", func(name string) Resource { return &Symlink{Path: Path(name)} }},
	{"sudoers", "sudoers", func(name string) Resource { return &Sudoers{Name: name} }},
	{"caddyfiles", "caddyfile", func(name string) Resource { return &Caddyfile{Path: Path(name)} }},
	{"crontabs", "crontab", func(name string) Resource { return &Crontab{User: UserName(name)} }},
	{"units", "unit", func(name string) Resource { return &Unit{Name: name} }},
	{"authorized_keys", "authorized_keys", func(name string) Resource { return &AuthorizedKeys{User: UserName(name)} }},
	{"retired", "retired", func(name string) Resource { return &Retired{Path: Path(name)} }},
	{"checks", "check", func(name string) Resource { return &Check{Name: name} }},
}
