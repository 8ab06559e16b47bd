package vm

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/wire"
)

// Put copies a file of the host into the guest, with missing folders.
func (m *VM) Put(ctx context.Context, local, remote string, mode fs.FileMode) error {
	f, err := os.Open(local)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return m.Write(ctx, remote, f, mode)
}

// Write makes a file of the guest of what r has.
func (m *VM) Write(ctx context.Context, remote string, r io.Reader, mode fs.FileMode) error {
	if err := m.write(ctx, remote, r, mode); err != nil {
		return fmt.Errorf("put %s: %w", remote, err)
	}
	return nil
}

func (m *VM) write(ctx context.Context, remote string, r io.Reader, mode fs.FileMode) error {
	conn := m.conn
	if conn == nil {
		return ErrGone
	}
	ctx, cancel := context.WithTimeout(ctx, m.Slow(DefaultDeadline))
	defer cancel()
	c, err := conn.ask(wire.Put, wire.File{Path: remote, Mode: mode})
	if err != nil {
		return err
	}
	defer conn.end(c)
	buf := make([]byte, wire.MaxPayload)
	for {
		n, err := io.ReadFull(r, buf)
		if n > 0 {
			if err := conn.send(wire.Frame{Kind: wire.Data, ID: c.id, Payload: buf[:n]}); err != nil {
				return err
			}
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if err = conn.send(wire.Frame{Kind: wire.Data, ID: c.id}); err != nil {
		return err
	}
	f, err := c.recv(ctx)
	if err != nil {
		return err
	}
	_, err = result(f, wire.Done)
	return err
}

// Get copies a file of the guest to the host.
func (m *VM) Get(ctx context.Context, remote, local string) error {
	f, err := os.Create(local)
	if err != nil {
		return err
	}
	err = m.read(ctx, remote, f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(local)
		return fmt.Errorf("get %s: %w", remote, err)
	}
	return nil
}

func (m *VM) read(ctx context.Context, remote string, w io.Writer) error {
	conn := m.conn
	if conn == nil {
		return ErrGone
	}
	ctx, cancel := context.WithTimeout(ctx, m.Slow(DefaultDeadline))
	defer cancel()
	c, err := conn.ask(wire.Get, wire.File{Path: remote})
	if err != nil {
		return err
	}
	defer conn.end(c)
	for {
		f, err := c.recv(ctx)
		if err != nil {
			return err
		}
		if f.Kind != wire.Data {
			_, err = result(f, wire.Done)
			return err
		}
		if _, err = w.Write(f.Payload); err != nil {
			return err
		}
	}
}
