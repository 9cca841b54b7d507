package boot

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"strings"
)

// Paths are resolved by programs inside the node: seen from outside, its
// absolute links would lead to this machine's files.

// WriteFile writes content to the file at path, as cat > path would: through
// links, and into the file that is there. Missing directories above it are
// made. With an owner, "user" or "user:group", the file becomes theirs.
func (c *Container) WriteFile(file, content string, mode fs.FileMode, owner ...string) error {
	const script = `mkdir -p "$(dirname "$1")"; cat >"$1"; if [ -n "$3" ]; then chown "$3" "$1"; fi; chmod "$2" "$1"`
	bits := fmt.Sprintf("%04o", uint32(mode)&0o7777)
	return c.feed([]byte(content), "sh", "-euc", script, "sh", file, bits, strings.Join(owner, ":"))
}

// ReadFile returns what is in the file at path, links followed.
func (c *Container) ReadFile(file string) (string, error) {
	result, err := c.Run("cat", "--", file)
	if err == nil && result.Code != 0 {
		err = fmt.Errorf("read a file of the node: %s", result.Stderr)
	}
	return result.Stdout, err
}

// Put copies all of fsys, which may be an os.DirFS, into the directory to of
// the node. Everything is root's and new: files are 0644, or 0755 when somebody
// may execute them; directories that are not there yet are 0755.
func (c *Container) Put(fsys fs.FS, to string) error {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	err := fs.WalkDir(fsys, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return addToTar(w, fsys, name)
	})
	if err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := c.Do("mkdir", "-p", to); err != nil {
		return err
	}
	return c.feed(archive.Bytes(), "tar", "--extract", "--touch", "--no-overwrite-dir",
		"--keep-directory-symlink", "--directory", to)
}

func addToTar(w *tar.Writer, fsys fs.FS, name string) error {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return err
	}
	header := &tar.Header{Name: name, Mode: 0o755}
	if info.IsDir() {
		header.Typeflag = tar.TypeDir
		return w.WriteHeader(header)
	}
	content, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	header.Typeflag, header.Size = tar.TypeReg, int64(len(content))
	if info.Mode().Perm()&0o111 == 0 {
		header.Mode = 0o644
	}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err = w.Write(content)
	return err
}

// feed runs a command that has to succeed, with input on its standard input.
func (c *Container) feed(input []byte, argv ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), runLimit)
	defer cancel()
	cmd := c.Command(ctx, argv...)
	cmd.Stdin = bytes.NewReader(input)
	result, err := capture(cmd)
	if err == nil && result.Code != 0 {
		err = fmt.Errorf("%s: %s", argv[0], result)
	}
	return err
}
