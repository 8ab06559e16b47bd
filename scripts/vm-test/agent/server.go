package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/wire"
)

// server answers the frames of one driver.
type server struct {
	w    io.Writer
	wmu  sync.Mutex // a frame is written whole
	mu   sync.Mutex
	runs map[uint32]func() // ends the command with that number
	puts map[uint32]*upload
}

func newServer(w io.Writer) *server {
	return &server{w: w, runs: map[uint32]func(){}, puts: map[uint32]*upload{}}
}

func (s *server) send(f wire.Frame) error {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	return wire.Write(s.w, f)
}

// finish ends what was asked for under id.
func (s *server) finish(kind wire.Kind, id uint32, r wire.Result) error {
	f, err := wire.Pack(kind, id, r)
	if err != nil {
		return err
	}
	return s.send(f)
}

// loop does what the frames of r ask for until something is wrong.
func (s *server) loop(r io.Reader) error {
	for {
		f, err := wire.Read(r)
		if err != nil {
			return err
		}
		if err = s.handle(f); err != nil {
			return err
		}
	}
}

// handle does what f asks for. Commands and downloads go on beside it; an error
// is a fault of the driver or of the port.
func (s *server) handle(f wire.Frame) error {
	switch f.Kind {
	case wire.Ping:
		return s.send(wire.Frame{Kind: wire.Pong, ID: f.ID, Payload: f.Payload})
	case wire.Run:
		c, err := wire.Unpack[wire.Command](f)
		if err != nil {
			return err
		}
		s.run(f.ID, c)
	case wire.Cancel:
		s.mu.Lock()
		stop := s.runs[f.ID]
		s.mu.Unlock()
		if stop != nil { // it may have ended by itself just now
			stop()
		}
	case wire.Put:
		file, err := wire.Unpack[wire.File](f)
		if err != nil {
			return err
		}
		s.puts[f.ID] = newUpload(file)
	case wire.Data:
		return s.data(f)
	case wire.Get:
		file, err := wire.Unpack[wire.File](f)
		if err != nil {
			return err
		}
		go s.get(f.ID, file.Path)
	default:
		return fmt.Errorf("%w: kind %d is not for the agent", wire.ErrFrame, f.Kind)
	}
	return nil
}
