package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/owned"
)

// Window names a file of the Engine's window. The file is nothing until a
// checkpoint names it beside the positions that belong to it: that transaction
// is the moment from which both count, and the file of the one before is then
// removed. So there is always one that belongs to the positions.
type Window struct {
	Number uint64 `json:"number"` // in the file's name; each file has a higher one
	Size   int64  `json:"size"`
	Sum    uint32 `json:"sum"` // CRC-32 of all of it
}

// windowPrefix is how the files are called, followed by their number.
const windowPrefix = "window-"

// ErrWindow means that a window's file is not, or no longer, what was written.
var ErrWindow = errors.New("the file of the window is not what was written")

func (s *Store) windowPath(number uint64) string {
	return filepath.Join(s.dir, windowPrefix+strconv.FormatUint(number, 10))
}

// SaveWindow makes a file of what write writes. It does not wait for the disk,
// that is what Checkpoint does. It may be called beside all other methods.
func (s *Store) SaveWindow(write func(io.Writer) error) (Window, error) {
	w := Window{Number: s.lastWindow.Add(1)}
	path := s.windowPath(w.Number)
	f, err := owned.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return w, fmt.Errorf("make a file for the window: %w", err)
	}
	to := &counter{to: f}
	err = errors.Join(write(to), f.Close())
	w.Size, w.Sum = to.n, to.sum
	if err != nil {
		_ = os.Remove(path) // else at the next start
		return w, fmt.Errorf("write %s: %w", path, err)
	}
	return w, nil
}

// counter counts and sums up what is written through it.
type counter struct {
	to  io.Writer
	n   int64
	sum uint32
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.n += int64(n)
	c.sum = crc32.Update(c.sum, crc32.IEEETable, b[:n])
	return n, err
}

// DropWindow removes the file of a window that no checkpoint will name. It may
// be called beside all other methods.
func (s *Store) DropWindow(w Window) { _ = os.Remove(s.windowPath(w.Number)) } // else at the next start

// syncWindow waits until the disk has a window's file and its name.
func (s *Store) syncWindow(w Window) error {
	path := s.windowPath(w.Number)
	f, err := owned.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrWindow, err)
	}
	info, err := f.Stat()
	if err == nil && info.Size() != w.Size {
		err = fmt.Errorf("%s has %d bytes, not %d", path, info.Size(), w.Size)
	}
	// What could not be written is told once: asked again, the kernel takes it for
	// written.
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("%w: %w", ErrWindow, err)
	}
	dir, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// OpenWindow returns the window that belongs to the positions of st, nil where
// there is none. One that is not what was written is ErrWindow.
func (s *Store) OpenWindow(st *State) (io.ReadSeekCloser, error) {
	switch {
	case st.Window != nil:
		return s.openWindow(*st.Window)
	case st.Snapshot != nil:
		return struct {
			io.ReadSeeker
			io.Closer
		}{bytes.NewReader(st.Snapshot), io.NopCloser(nil)}, nil
	}
	return nil, nil //nolint:nilnil // there is none
}

func (s *Store) openWindow(w Window) (io.ReadSeekCloser, error) {
	path := s.windowPath(w.Number)
	f, err := owned.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWindow, err)
	}
	is := &counter{to: io.Discard}
	_, err = io.Copy(is, io.LimitReader(f, w.Size+1))
	if err == nil && (is.n != w.Size || is.sum != w.Sum) {
		err = fmt.Errorf("%s has another size or checksum", path)
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%w: %w", ErrWindow, err)
	}
	return f, nil
}

// Tidy removes the files of windows that an earlier run left behind. Those stay
// that the history names, and keep, which may be nil.
func (s *Store) Tidy(keep *Window) {
	stays := map[uint64]bool{}
	for _, w := range []*Window{s.window, keep} {
		if w != nil {
			stays[w.Number] = true
		}
	}
	s.removeWindows(func(n uint64) bool { return !stays[n] })
}

// removeWindows removes the files whose numbers are in vain. What cannot be
// removed is tried again later.
func (s *Store) removeWindows(vain func(n uint64) bool) {
	for _, n := range s.windowFiles() {
		if vain(n) {
			_ = os.Remove(s.windowPath(n))
		}
	}
}

// windowFiles returns the numbers of the files of windows.
func (s *Store) windowFiles() []uint64 {
	entries, _ := os.ReadDir(s.dir)
	var out []uint64
	for _, e := range entries {
		text, ok := strings.CutPrefix(e.Name(), windowPrefix)
		n, err := strconv.ParseUint(text, 10, 64)
		if ok && err == nil && strconv.FormatUint(n, 10) == text && e.Type().IsRegular() {
			out = append(out, n)
		}
	}
	return out
}

// numberWindows makes the next window's number higher than any other.
func (s *Store) numberWindows() {
	last := uint64(0)
	if s.window != nil {
		last = s.window.Number
	}
	for _, n := range s.windowFiles() {
		last = max(last, n)
	}
	s.lastWindow.Store(last)
}

func decodeWindow(v []byte) (*Window, error) {
	w := &Window{}
	if err := json.Unmarshal(v, w); err != nil {
		return nil, fmt.Errorf("%w: read the window's name: %w", errDamaged, err)
	}
	return w, nil
}
