package blocklist

import (
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// maxBytes bounds one file.
const maxBytes = 128 << 20

// stamp tells whether a file has changed. The zero stamp is a missing file.
type stamp struct {
	inode   uint64
	size    int64
	changed time.Time // of the content or the mode, which nobody can set back
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stampFrom(info)
}

func stampFrom(info os.FileInfo) stamp {
	s := stamp{size: info.Size()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		s.inode, s.changed = st.Ino, time.Unix(st.Ctim.Unix())
	}
	return s
}

// content is what a file held when it was read.
type content struct {
	stamp    stamp
	prefixes []netip.Prefix
	bad      []badLine
}

// read reads a list. Whoever may write to a list can cut anybody off, so it has
// to belong to root or to the user of this process, and nobody else may write
// to it.
func read(path string) (c content, err error) {
	// Without O_NONBLOCK, opening a named pipe would wait for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return content{}, fmt.Errorf("read block list: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return content{}, fmt.Errorf("read block list: %w", err)
	}
	if err := trusted(path, info); err != nil {
		return content{}, err
	}
	c.stamp = stampFrom(info)
	if c.prefixes, c.bad, err = parse(f); err != nil {
		return content{}, fmt.Errorf("read block list %s: %w", path, err)
	}
	return c, nil
}

func trusted(path string, info os.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("read block list: %s is no regular file", path)
	case !ok || st.Uid != 0 && int(st.Uid) != os.Geteuid():
		return fmt.Errorf("read block list: %s does not belong to root: chown root %s", path, path)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("read block list: others than its owner may write %s: chmod go-w %s", path, path)
	case info.Size() > maxBytes:
		return fmt.Errorf("read block list: %s has %d bytes, more than %d", path, info.Size(), maxBytes)
	}
	return nil
}
