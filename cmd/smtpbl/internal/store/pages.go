package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// giveBack takes the pages of the file that were read out of this process's
// memory. bbolt maps the file, so what was read once would count as ours until
// the machine runs short; it stays in the page cache all the same.
func (s *Store) giveBack() {
	info, err := os.Stat(s.db.Path())
	if err != nil {
		return
	}
	// Without the advice the pages merely stay.
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, s.db.Info().Data, uintptr(info.Size()), unix.MADV_DONTNEED)
}
