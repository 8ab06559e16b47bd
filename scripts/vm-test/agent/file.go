package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/wire"
)

// upload is a file that is coming. It gets its name when it is whole, so that a
// program can be replaced while it runs.
type upload struct {
	file wire.File
	tmp  *os.File
	err  error // the first thing that went wrong; told at the end
}

func newUpload(file wire.File) *upload {
	u := &upload{file: file}
	if u.err = os.MkdirAll(filepath.Dir(file.Path), 0o755); u.err == nil {
		u.tmp, u.err = os.CreateTemp(filepath.Dir(file.Path), ".put-*")
	}
	return u
}

func (s *server) data(f wire.Frame) error {
	u := s.puts[f.ID]
	if u == nil {
		return fmt.Errorf("%w: data for no file", wire.ErrFrame)
	}
	if len(f.Payload) > 0 {
		if u.err == nil {
			_, u.err = u.tmp.Write(f.Payload)
		}
		return nil
	}
	delete(s.puts, f.ID)
	return s.finish(wire.Done, f.ID, result(u.close()))
}

func (u *upload) close() error {
	if u.tmp == nil {
		return u.err
	}
	err := errors.Join(u.err, u.tmp.Chmod(u.file.Mode.Perm()), u.tmp.Close())
	if err == nil {
		err = os.Rename(u.tmp.Name(), u.file.Path)
	}
	if err != nil {
		_ = os.Remove(u.tmp.Name())
	}
	return err
}

// get sends a file.
func (s *server) get(id uint32, path string) {
	_ = s.finish(wire.Done, id, result(s.sendFile(id, path))) // a broken port: main sees it too
}

func (s *server) sendFile(id uint32, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return errors.Join(err, &fs.PathError{Op: "read", Path: path, Err: errors.New("is a directory")})
	}
	_, err = io.CopyBuffer(dataWriter{s, id}, struct{ io.Reader }{f}, make([]byte, wire.MaxPayload))
	return err
}

// dataWriter sends each piece that is written as a frame.
type dataWriter struct {
	s  *server
	id uint32
}

func (d dataWriter) Write(b []byte) (int, error) {
	return len(b), d.s.send(wire.Frame{Kind: wire.Data, ID: d.id, Payload: b})
}

func result(err error) wire.Result {
	if err != nil {
		return wire.Result{Code: 1, Error: err.Error()}
	}
	return wire.Result{}
}
