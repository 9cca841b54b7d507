package manifests

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestTrust is about files that must not be believed, or cannot be read. It is
// told with the manifest; sources are opened in the same way.
func TestTrust(t *testing.T) {
	const good = "version: 1\n"
	for name, test := range map[string]struct {
		make func(t *testing.T)
		want string // empty when it is accepted; DIR is the directory
		root bool   // only root can make it
	}{
		"fine": {make: func(t *testing.T) { write(t, "m.yaml", good, 0o644) }},
		"missing": {
			make: func(*testing.T) {},
			want: "DIR/m.yaml: no such file or directory",
		},
		"writable by all": {
			make: func(t *testing.T) { write(t, "m.yaml", good, 0o646) },
			want: "DIR/m.yaml: it may be written by others (mode 0646): chmod go-w DIR/m.yaml",
		},
		"writable by a group": {
			make: func(t *testing.T) { write(t, "m.yaml", good, 0o664) },
			want: "DIR/m.yaml: it may be written by others (mode 0664): chmod go-w DIR/m.yaml",
		},
		"of somebody else": {
			make: func(t *testing.T) {
				write(t, "m.yaml", good, 0o644)
				check(t, os.Chown("m.yaml", 65534, 0))
			},
			want: "DIR/m.yaml: it belongs to user 65534, who is neither root nor the caller: chown it",
			root: true,
		},
		"in an open directory": {
			make: func(t *testing.T) {
				write(t, "m.yaml", good, 0o644)
				check(t, os.Chmod(".", 0o777))
			},
			want: "DIR/m.yaml: the directory DIR may be written by others (mode 0777): chmod go-w DIR",
		},
		"in a sticky directory": {
			make: func(t *testing.T) {
				write(t, "m.yaml", good, 0o644)
				check(t, os.Chmod(".", os.ModeSticky|0o777))
			},
		},
		"in somebody's directory": {
			make: func(t *testing.T) {
				write(t, "m.yaml", good, 0o644)
				check(t, os.Chown(".", 65534, 0))
			},
			want: "DIR/m.yaml: the directory DIR belongs to user 65534, who is neither root nor the caller: chown it",
			root: true,
		},
		"a link": {
			make: func(t *testing.T) {
				check(t, os.Mkdir("real", 0o755))
				write(t, "real/m.yaml", good, 0o644)
				check(t, os.Symlink("./real/../real/m.yaml", "m.yaml"))
			},
		},
		"a link into an open directory": {
			make: func(t *testing.T) {
				check(t, os.Mkdir("open", 0o755))
				check(t, os.Chmod("open", 0o777))
				write(t, "open/m.yaml", good, 0o644)
				check(t, os.Symlink("open/m.yaml", "m.yaml"))
			},
			want: "DIR/m.yaml: the directory DIR/open may be written by others (mode 0777): chmod go-w DIR/open",
		},
		"somebody's link": {
			make: func(t *testing.T) {
				write(t, "real.yaml", good, 0o644)
				check(t, os.Symlink("real.yaml", "m.yaml"))
				check(t, os.Lchown("m.yaml", 65534, 0))
				check(t, os.Chmod(".", os.ModeSticky|0o777))
			},
			want: "DIR/m.yaml: the symlink DIR/m.yaml belongs to user 65534, who is neither root nor the caller: chown it",
			root: true,
		},
		"a circle of links": {
			make: func(t *testing.T) { check(t, os.Symlink("m.yaml", "m.yaml")) },
			want: "DIR/m.yaml: too many levels of symbolic links",
		},
		"a directory": {
			make: func(t *testing.T) { check(t, os.Mkdir("m.yaml", 0o755)) },
			want: "DIR/m.yaml: it is a directory, not a file",
		},
		"a named pipe": {
			make: func(t *testing.T) { check(t, syscall.Mkfifo("m.yaml", 0o600)) },
			want: "DIR/m.yaml: it is a named pipe, not a file",
		},
		"too large": {
			make: func(t *testing.T) {
				write(t, "m.yaml", good, 0o600)
				check(t, os.Truncate("m.yaml", 1<<40))
			},
			want: "DIR/m.yaml: it is larger than 4 MiB",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.root && os.Geteuid() != 0 {
				t.Skip("root alone can give files away")
			}
			dir := t.TempDir()
			t.Chdir(dir)
			test.make(t)
			got := ""
			if _, err := Load(dir+"/m.yaml", Options{Types: things}); err != nil {
				got = strings.ReplaceAll(err.Error(), dir, "DIR")
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestSourceOfAnotherIsRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "m.yaml", "version: 1\nfiles: {/a: {source: files/x}}\n", 0o600)
	check(t, os.Mkdir("files", 0o700))
	write(t, "files/x", "x", 0o666)
	const want = "m.yaml:2:22: source: files/x: it may be written by others (mode 0666): chmod go-w files/x"
	if _, err := Load("m.yaml", Options{Types: things}); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestTemplateOutputIsLimited(t *testing.T) {
	const twice = `{{define "%d"}}{{template "%[2]d"}}{{template "%[2]d"}}{{end}}`
	text := `{{template "0"}}{{define "30"}}xxxxxxxxxxxxxxxx{{end}}`
	for i := range 30 {
		text += strings.NewReplacer("%d", string(rune('0'+i)), "%[2]d", string(rune('0'+i+1))).Replace(twice)
	}
	text = strings.ReplaceAll(text, `define "30"`, `define "`+string(rune('0'+30))+`"`)
	s := &sources{data: func(string) map[string]any { return nil }}
	if _, err := s.Render("t", text); err == nil || !strings.HasSuffix(err.Error(), "it is larger than 32 MiB") {
		t.Error(err)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Whoever asks is told all that the meaning of a manifest hangs on, also when it is
// wrong because of that.
func TestReads(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "m.yaml", "version: 1\nfiles: {/a: {source: a}, /b: {template: sub/b}, /c: {source: a}, /d: {content: x}}\n", 0o644)
	write(t, "a", "x", 0o644)
	var reads []string
	_, err := Load("m.yaml", Options{Reads: func(path string) { reads = append(reads, path) }})
	if err == nil || !strings.Contains(err.Error(), "sub/b: no such file") {
		t.Errorf("a template that is missing: %v", err)
	}
	slices.Sort(reads)
	if want := []string{"a", "m.yaml", "sub/b"}; !slices.Equal(reads, want) {
		t.Errorf("it reads %v, want %v", reads, want)
	}
}
