package ufw

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// replacement is a new file that lies complete on the disk, beside the one
// whose place it will take.
type replacement struct {
	path, temporary string
}

// prepare writes a text beside path with the mode, the owner and the extended
// attributes of path. commit then puts it in place with one rename.
func prepare(path string, text []byte) (r *replacement, err error) {
	old, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("replace a file: %w", err)
	}
	defer old.Close() //nolint:errcheck // only read
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".smtpbl-")
	if err != nil {
		return nil, fmt.Errorf("write beside %s: %w", path, err)
	}
	r = &replacement{path: path, temporary: f.Name()}
	_, err = f.Write(text)
	if err = errors.Join(err, likeFile(f, old)); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		r.discard()
		return nil, fmt.Errorf("write beside %s: %w", path, err)
	}
	return r, nil
}

// replace puts the new file in place of what was read.
func (r *replacement) replace(c *change) error {
	if err := c.unchanged(); err != nil {
		return err
	}
	return r.commit()
}

// commit puts the new file in place.
func (r *replacement) commit() error {
	if err := os.Rename(r.temporary, r.path); err != nil {
		return fmt.Errorf("replace %s: %w", r.path, err)
	}
	return syncDir(filepath.Dir(r.path))
}

func (r *replacement) discard() { _ = os.Remove(r.temporary) }

// likeFile gives f the mode, the owner and the extended attributes of old,
// among them access lists and labels of SELinux.
func likeFile(f, old *os.File) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(old.Fd()), &st); err != nil {
		return fmt.Errorf("read the mode: %w", err)
	}
	if err := f.Chown(int(st.Uid), int(st.Gid)); err != nil {
		return fmt.Errorf("keep the owner: %w", err)
	}
	if err := copyAttributes(int(f.Fd()), int(old.Fd())); err != nil {
		return err
	}
	if err := unix.Fchmod(int(f.Fd()), st.Mode&0o7777); err != nil {
		return fmt.Errorf("keep the mode: %w", err)
	}
	return nil
}

// copyAttributes copies extended attributes, where the file system has them.
func copyAttributes(to, from int) error {
	list := make([]byte, 64<<10) // XATTR_LIST_MAX
	n, err := unix.Flistxattr(from, list)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("keep the attributes: %w", err)
	}
	value := make([]byte, 64<<10) // XATTR_SIZE_MAX
	for _, name := range attributeNames(list[:n]) {
		size, err := unix.Fgetxattr(from, name, value)
		if err == nil {
			err = unix.Fsetxattr(to, name, value[:size], 0)
		}
		if err != nil {
			return fmt.Errorf("keep the attribute %s: %w", name, err)
		}
	}
	return nil
}

// syncDir makes a rename last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync a directory: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}

// attributeNames splits a list of names, each of which ends with a NUL byte.
func attributeNames(list []byte) []string {
	return strings.FieldsFunc(string(list), func(r rune) bool { return r == 0 })
}
