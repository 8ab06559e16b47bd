// Package owned makes files where two users meet: the service, which runs as a
// user of its own, and root, who gives commands by hand. Directories belong to
// the service. What root makes in them has to be the service's as well, or its
// next start fails; and what stands in them must not lead root elsewhere.
package owned

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// OpenFile is os.OpenFile for a file in such a directory. It does not follow a
// symbolic link in the place of the file, nor does it wait at a pipe there, and one
// that it makes belongs to whom the directory belongs.
func OpenFile(path string, flag int, perm fs.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, flag|unix.O_NOFOLLOW|unix.O_NONBLOCK, perm) //nolint:gosec // the caller says where
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(&os.PathError{Op: "open", Path: path, Err: cmp.Or(err, errNoFile)}, f.Close())
	}
	if flag&os.O_CREATE == 0 {
		return f, nil
	}
	if err := give(f, filepath.Dir(path)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

var errNoFile = errors.New("not a regular file")

// ReadFile returns at most so many bytes from the beginning of a file, in the same
// way.
func ReadFile(path string, most int64) ([]byte, error) {
	f, err := OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, most))
	return data, errors.Join(err, f.Close())
}

// WriteFile is os.WriteFile in the same way.
func WriteFile(path string, data []byte, perm fs.FileMode) error {
	f, err := OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// give gives a file that root has just made or emptied to the owner of dir. One
// that has another name elsewhere, or something in it, stays whose it is.
func give(f *os.File, dir string) error {
	if os.Geteuid() != 0 {
		return nil // it can give nothing away, and need not
	}
	var is, in unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &is); err != nil {
		return &os.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	if err := unix.Stat(dir, &in); err != nil {
		return &os.PathError{Op: "stat", Path: dir, Err: err}
	}
	fresh := is.Uid == 0 && is.Size == 0 && is.Nlink == 1 && is.Mode&unix.S_IFMT == unix.S_IFREG
	if !fresh || in.Uid == 0 {
		return nil
	}
	if err := f.Chown(int(in.Uid), int(in.Gid)); err != nil {
		return fmt.Errorf("give it to the owner of its directory: %w", err)
	}
	return nil
}
