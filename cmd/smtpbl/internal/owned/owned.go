// Package owned makes files where two users meet: the service, which runs as a
// user of its own, and root, who gives commands by hand. Directories belong to
// the service. What root makes in them has to be the service's as well, or its
// next start fails; and what stands in them must not lead root elsewhere.
package owned

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// OpenFile is os.OpenFile for a file in such a directory. It does not follow a
// symbolic link in the place of the file, and one that it makes belongs to whom
// the directory belongs.
func OpenFile(path string, flag int, perm fs.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, flag|unix.O_NOFOLLOW, perm) //nolint:gosec // the caller says where
	if err != nil || flag&os.O_CREATE == 0 {
		return f, err
	}
	if err := give(f, filepath.Dir(path)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
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
