package store

import (
	"errors"
	"fmt"
	"os"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/owned"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store/boltfile"
)

// openDatabase opens the file after it has been checked: bbolt takes what it
// finds for whole, and can take the process with it where it is not.
func openDatabase(path string, readOnly bool) (*bolt.DB, error) {
	o := &bolt.Options{Timeout: lockWait, FreelistType: bolt.FreelistMapType}
	if readOnly {
		o = &bolt.Options{Timeout: readWait, ReadOnly: true}
	}
	o.OpenFile = func(name string, flag int, mode os.FileMode) (*os.File, error) {
		f, err := owned.OpenFile(name, flag, mode)
		if err != nil {
			return nil, err
		}
		if err = check(f, o); err != nil {
			_ = f.Close()
			return nil, err
		}
		return f, nil
	}
	db, err := bolt.Open(path, 0o600, o)
	if err != nil {
		return nil, classify(err)
	}
	return db, nil
}

// check locks the file, as bbolt then does again with the same file, so that
// nobody writes to it from here on; and looks whether it is whole. An empty one is
// new.
func check(f *os.File, o *bolt.Options) error {
	how := unix.LOCK_EX
	if o.ReadOnly {
		how = unix.LOCK_SH
	}
	if err := awaitLock(int(f.Fd()), how, o.Timeout); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	return boltfile.Check(f, info.Size())
}

// lockRetry is how often a lock is tried that another process has.
const lockRetry = 20 * time.Millisecond

func awaitLock(fd, how int, patience time.Duration) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(lockRetry) {
		err := unix.Flock(fd, how|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, unix.EWOULDBLOCK):
			return fmt.Errorf("lock the history: %w", err)
		case time.Now().After(deadline):
			return ErrLocked
		}
	}
}

// classify tells damage from what the system refuses (permissions, a full
// disk, a read-only file system). bbolt answers damage with errors of several
// kinds, some of them only text.
func classify(err error) error {
	var errno unix.Errno
	switch {
	case errors.Is(err, berrors.ErrTimeout), errors.Is(err, ErrLocked):
		return ErrLocked
	case errors.As(err, &errno):
		return err
	}
	return fmt.Errorf("%w: %w", errDamaged, err)
}
