// Package term is what a full-screen command needs of a terminal: its size, a
// screen to write on that leaves no trace, and single keys.
package term

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// The control sequences of xterm, which every terminal that people use knows:
// another screen, no cursor; and back.
const (
	enter = "\x1b[?1049h\x1b[?25l"
	leave = "\x1b[?25h\x1b[?1049l"
	home  = "\x1b[H"
	// clearLine and clearRest clear behind what is written, so that the screen
	// does not flicker as it would if all of it was cleared first.
	clearLine = "\x1b[K"
	clearRest = "\x1b[J"
)

// The size that is assumed of terminals that do not tell theirs.
const (
	usualRows    = 24
	usualColumns = 80
)

// file is what is known of an *os.File.
type file interface{ Fd() uintptr }

// Is tells whether a stream of the program is a terminal.
func Is(stream any) bool {
	_, ok := settings(stream)
	return ok
}

func settings(stream any) (*unix.Termios, bool) {
	f, ok := stream.(file)
	if !ok {
		return nil, false
	}
	t, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return t, err == nil
}

// Screen is a terminal in use. Close must be called whatever happens: without it
// the terminal stays unusable.
type Screen struct {
	out   io.Writer
	size  int // file descriptor to ask for the size
	keys  int // file descriptor of keys, or -1
	saved *unix.Termios
}

// Open takes a terminal to write on, and if in is one too, its keys: they are
// read as they come and not shown, and Ctrl-C is a key.
func Open(in, out any) (*Screen, error) {
	if !Is(out) {
		return nil, errors.New("standard output is no terminal")
	}
	s := &Screen{out: out.(io.Writer), size: int(out.(file).Fd()), keys: -1}
	if t, ok := settings(in); ok {
		s.keys, s.saved = int(in.(file).Fd()), t
		single := *t
		single.Lflag &^= unix.ICANON | unix.ECHO | unix.ISIG
		single.Cc[unix.VMIN], single.Cc[unix.VTIME] = 1, 0
		if err := unix.IoctlSetTermios(s.keys, unix.TCSETS, &single); err != nil {
			return nil, fmt.Errorf("set up the terminal: %w", err)
		}
	}
	if _, err := io.WriteString(s.out, enter); err != nil {
		return nil, errors.Join(fmt.Errorf("write to the terminal: %w", err), s.restore())
	}
	return s, nil
}

// Close gives the terminal back as it was.
func (s *Screen) Close() error {
	_, err := io.WriteString(s.out, leave)
	return errors.Join(err, s.restore())
}

func (s *Screen) restore() error {
	if s.saved == nil {
		return nil
	}
	return unix.IoctlSetTermios(s.keys, unix.TCSETS, s.saved)
}

// Size returns how many rows and columns there are now.
func (s *Screen) Size() (rows, columns int) { return sizeOf(s.size) }

// Columns returns how wide a stream is, if it is a terminal; else what is usual.
func Columns(stream any) int {
	f, ok := stream.(file)
	if !ok {
		return usualColumns
	}
	_, columns := sizeOf(int(f.Fd()))
	return columns
}

func sizeOf(fd int) (rows, columns int) {
	size, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
	if err != nil || size.Row == 0 || size.Col == 0 {
		return usualRows, usualColumns
	}
	return int(size.Row), int(size.Col)
}

// Show replaces what is on the screen. What does not fit is cut off.
func (s *Screen) Show(text []byte) error {
	rows, columns := s.Size()
	var b bytes.Buffer
	b.WriteString(home)
	for line := range bytes.Lines(text) {
		if rows--; rows < 0 {
			break
		}
		if b.Len() > len(home) {
			b.WriteByte('\n') // the terminal adds the carriage return
		}
		b.Write(cut(bytes.TrimSuffix(line, []byte("\n")), columns))
		b.WriteString(clearLine)
	}
	b.WriteString(clearRest)
	_, err := s.out.Write(b.Bytes())
	return err
}

// cut shortens a line to a number of characters.
func cut(line []byte, columns int) []byte {
	for i := range string(line) {
		if columns--; columns < 0 {
			return line[:i]
		}
	}
	return line
}

// The keys that end a command: Ctrl-C and Ctrl-D beside the letter.
const endKeys = "qQ\x03\x04"

// Wait returns after a time, or earlier with true when a key says to end or ctx
// does.
func (s *Screen) Wait(ctx context.Context, d time.Duration) (end bool, err error) {
	done, wake, err := os.Pipe()
	if err != nil {
		return true, fmt.Errorf("wait for a key: %w", err)
	}
	defer done.Close()                                          //nolint:errcheck // nothing is read from it
	stop := context.AfterFunc(ctx, func() { _ = wake.Close() }) // makes the other end readable
	defer func() {
		if stop() {
			_ = wake.Close()
		}
	}()
	deadline := time.Now().Add(d)
	for ctx.Err() == nil {
		left := time.Until(deadline)
		if left <= 0 {
			return false, nil
		}
		fds := []unix.PollFd{{Fd: int32(done.Fd()), Events: unix.POLLIN}, {Fd: int32(s.keys), Events: unix.POLLIN}}
		_, err := unix.Poll(fds, int(left.Milliseconds())+1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return true, fmt.Errorf("wait for a key: %w", err)
		}
		if err == nil && fds[1].Revents != 0 && s.endKey() {
			return true, nil
		}
	}
	return true, nil
}

// endKey reads keys. A terminal that has gone away ends the command too.
func (s *Screen) endKey() bool {
	keys := make([]byte, 64)
	n, err := unix.Read(s.keys, keys)
	if errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN) {
		return false
	}
	return n <= 0 || bytes.ContainsAny(keys[:n], endKeys)
}
