// Package wire is how the program that drives a virtual machine and the agent
// inside it talk over a virtio serial port. The port is a plain stream of bytes
// that both ends may find half read after a restart, so each frame begins with a
// mark and tells its length, and whoever reads something else ends the
// connection: a frame is never guessed.
//
// The driver asks with Ping, Run, Put, Get and Cancel, under a number of its own
// choice; every answer carries that number. So several commands can run at once.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Kind says what a frame is.
type Kind byte

// The kinds, with their payloads.
const (
	Hello  Kind = iota + 1 // agent, once when it starts: the kernel's boot id
	Ping                   // driver: anything
	Pong                   // agent: what the Ping had
	Run                    // driver: a Command
	Output                 // agent: what the command printed
	Exit                   // agent: a Result, the last frame of a Run
	Put                    // driver: a File; Data frames follow, an empty one ends them
	Get                    // driver: a File; Data frames come, then a Result
	Data                   // both: bytes of a file
	Done                   // agent: a Result, the last frame of a Put or Get
	Cancel                 // driver: end the command with this number
	last
)

// MaxPayload is the largest payload in bytes.
const MaxPayload = 64 << 10

// mark begins each frame; it is neither UTF-8 nor text of a kernel.
const mark = 0xf5a9

// header is the mark, the kind, the number and the length.
const header = 2 + 1 + 4 + 4

// ErrFrame is wrapped by the errors of Read for bytes that are no frame.
var ErrFrame = errors.New("not a frame")

// Frame is one message.
type Frame struct {
	Kind    Kind
	ID      uint32
	Payload []byte
}

// Read reads one frame. Its error is io.EOF where the stream ends between
// frames.
func Read(r io.Reader) (Frame, error) {
	var h [header]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return Frame{}, err
	}
	f := Frame{Kind: Kind(h[2]), ID: binary.BigEndian.Uint32(h[3:])}
	size := binary.BigEndian.Uint32(h[7:])
	if binary.BigEndian.Uint16(h[:]) != mark || f.Kind == 0 || f.Kind >= last || size > MaxPayload {
		return Frame{}, fmt.Errorf("%w: % x", ErrFrame, h)
	}
	f.Payload = make([]byte, size)
	if _, err := io.ReadFull(r, f.Payload); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return Frame{}, err
	}
	return f, nil
}

// Write writes one frame in one call of w.
func Write(w io.Writer, f Frame) error {
	if len(f.Payload) > MaxPayload {
		return fmt.Errorf("%w: %d bytes of payload", ErrFrame, len(f.Payload))
	}
	b := make([]byte, header, header+len(f.Payload))
	binary.BigEndian.PutUint16(b, mark)
	b[2] = byte(f.Kind)
	binary.BigEndian.PutUint32(b[3:], f.ID)
	binary.BigEndian.PutUint32(b[7:], uint32(len(f.Payload)))
	_, err := w.Write(append(b, f.Payload...))
	return err
}
