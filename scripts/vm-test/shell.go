package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/rig"
	"golang.org/x/sys/unix"
)

// shell boots a machine and joins this terminal to the one in it.
func shell(ctx context.Context, r *rig.Rig, row rig.Row, say func(string, ...any)) error {
	m, err := r.Machine(ctx, row, row.String())
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	say("%s boots; Ctrl-] turns it off", row)
	if err = m.Start(ctx); err != nil {
		return err
	}
	if err = m.Settled(ctx); err != nil {
		say("%v", err)
	}
	tty, err := m.Terminal()
	if err != nil {
		return err
	}
	defer func() { _ = tty.Close() }()
	restore, err := raw(int(os.Stdin.Fd()))
	if err != nil {
		return fmt.Errorf("a shell needs a terminal: %w", err)
	}
	defer restore()
	go func() { _, _ = io.Copy(os.Stdout, tty) }()
	if _, err = tty.Write([]byte("\n")); err != nil { // for a prompt
		return err
	}
	return untilEscape(tty, os.Stdin)
}

// untilEscape copies what is typed until it is Ctrl-], as telnet(1) does.
func untilEscape(w io.Writer, r io.Reader) error {
	const escape = 0x1d
	b := make([]byte, 256)
	for {
		n, err := r.Read(b)
		typed, _, ended := bytes.Cut(b[:n], []byte{escape})
		if _, err := w.Write(typed); err != nil {
			return err
		}
		if ended || err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// raw makes a terminal hand over each key; see cfmakeraw(3).
func raw(fd int) (restore func(), err error) {
	old, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, err
	}
	t := *old
	t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	if err = unix.IoctlSetTermios(fd, unix.TCSETS, &t); err != nil {
		return nil, err
	}
	return func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, old) }, nil
}
