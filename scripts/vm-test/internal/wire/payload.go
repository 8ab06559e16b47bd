package wire

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"time"
)

// Command asks the agent to run a script with bash.
type Command struct {
	Script string `json:"script"`
	// Deadline is after how long the agent kills what still runs; 0 is never.
	Deadline time.Duration `json:"deadline"`
}

// File names a file of the guest.
type File struct {
	Path string      `json:"path"`
	Mode fs.FileMode `json:"mode"`
}

// Result ends what was asked for.
type Result struct {
	// Code is the exit code of a command, 128 and the signal's number if one
	// ended it.
	Code int `json:"code"`
	// Late is whether the command was killed because of its deadline.
	Late bool `json:"late,omitempty"`
	// Error tells why nothing could be done, or is empty.
	Error string `json:"error,omitempty"`
}

// Pack makes a frame with one of the payloads above.
func Pack(kind Kind, id uint32, payload any) (Frame, error) {
	b, err := json.Marshal(payload)
	if err != nil {
		return Frame{}, fmt.Errorf("pack a frame: %w", err)
	}
	return Frame{Kind: kind, ID: id, Payload: b}, nil
}

// Unpack reads the payload of f; an error wraps ErrFrame.
func Unpack[T any](f Frame) (T, error) {
	var payload T
	if err := json.Unmarshal(f.Payload, &payload); err != nil {
		return payload, fmt.Errorf("%w: kind %d: %w", ErrFrame, f.Kind, err)
	}
	return payload, nil
}
