package postfix

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// DirectoryName is what the directory of the sockets is called in Postfix's
// queue_directory.
const DirectoryName = "smtpbl"

// directoryMode lets Postfix's group in and nobody else, as with its own private
// sockets.
const directoryMode = 0o750

// Directory is one for sockets that chrooted processes of Postfix can reach.
type Directory struct {
	Queue string // queue_directory
	User  int    // who makes sockets in it
	Group int    // who may enter: Postfix's group
}

// Path returns where it is.
func (d *Directory) Path() string { return filepath.Join(d.Queue, DirectoryName) }

// Make makes the directory, or puts its owner, group and mode right, and tells
// whether there was something to do. It takes root. What else has the name, or
// belongs to a third one, is left as it is and an error; no symbolic link is
// followed below the queue.
func (d *Directory) Make() (changed bool, err error) {
	queue, err := unix.Open(d.Queue, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false, &os.PathError{Op: "open", Path: d.Queue, Err: err}
	}
	defer unix.Close(queue) //nolint:errcheck // only looked at
	var st unix.Stat_t
	if err := unix.Fstat(queue, &st); err != nil {
		return false, &os.PathError{Op: "stat", Path: d.Queue, Err: err}
	}
	if st.Uid != 0 || st.Mode&0o022 != 0 {
		return false, fmt.Errorf("others than root may write to %s, so that nothing in it is to be trusted", d.Queue)
	}
	err = unix.Mkdirat(queue, DirectoryName, 0o700)
	made := err == nil
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return false, &os.PathError{Op: "mkdir", Path: d.Path(), Err: err}
	}
	fd, err := unix.Openat(queue, DirectoryName, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return made, &os.PathError{Op: "open", Path: d.Path(), Err: err}
	}
	defer unix.Close(fd) //nolint:errcheck // nothing is written
	put, err := d.putRight(fd)
	return made || put, err
}

// putRight gives the directory at fd its owner, group and mode.
func (d *Directory) putRight(fd int) (changed bool, err error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return false, &os.PathError{Op: "stat", Path: d.Path(), Err: err}
	}
	owner, group := int(st.Uid), int(st.Gid)
	switch {
	case owner != 0 && owner != d.User:
		return false, fmt.Errorf("%s belongs to another user (%d): remove it, or use another directory", d.Path(), owner)
	case owner == d.User && group == d.Group && st.Mode&0o7777 == directoryMode:
		return false, nil
	}
	if err := unix.Fchown(fd, d.User, d.Group); err != nil {
		return false, &os.PathError{Op: "chown", Path: d.Path(), Err: err}
	}
	if err := unix.Fchmod(fd, directoryMode); err != nil {
		return true, &os.PathError{Op: "chmod", Path: d.Path(), Err: err}
	}
	return true, nil
}
