// Package control is the socket between the command line and the service:
// one JSON request a connection, one JSON answer. Root and the service's
// user may use it, and the kernel is asked who is at the other end (SO_PEERCRED, see
// unix(7)), so that a wrong mode on a directory is not enough to get in.
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"
)

// SocketName is the socket's file inside runtime_dir.
const SocketName = "smtpbl.sock"

// maxRequest and maxAnswer bound what is read: a million prefixes fit, and a
// list of a million bans with their reasons.
const (
	maxRequest = 128 << 20
	maxAnswer  = 1 << 30
)

// Op is what is asked for.
type Op string

// The operations.
const (
	OpAdd    Op = "add"
	OpDel    Op = "del"
	OpFlush  Op = "flush"
	OpList   Op = "list"
	OpStatus Op = "status"
	OpTop    Op = "top"
	OpWhy    Op = "why"
	// OpConfirm ends a trial well.
	OpConfirm Op = "confirm"
)

// Request is one question to the service.
type Request struct {
	Op       Op             `json:"op"`
	Prefixes []netip.Prefix `json:"prefixes,omitempty"`
	For      time.Duration  `json:"for_ns,omitempty"`
	Reason   string         `json:"reason,omitempty"`
	Pardon   time.Duration  `json:"pardon_ns,omitempty"` // of del: how long they stay unbanned
	Rows     int            `json:"rows,omitempty"`      // of top, at most
	Users    bool           `json:"users,omitempty"`     // of why: tell login names whole
}

// Response is the answer.
type Response struct {
	// Error and Hint are for people; Error is empty when it worked.
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
	// Changed and Kept answer add, del and flush.
	Changed []netip.Prefix `json:"changed,omitempty"`
	Kept    []netip.Prefix `json:"kept,omitempty"`
	// Covered answers del: wider bans that go on around what was named.
	Covered []Cover `json:"covered,omitempty"`
	// PardonedUntil answers a del with a pardon, Unpardoned an add that ended
	// pardons.
	PardonedUntil time.Time      `json:"pardoned_until,omitzero"`
	Unpardoned    []netip.Prefix `json:"unpardoned,omitempty"`
	// Bans answers list, and so does Pardons, where prefixes were named: the
	// pardons that cover one of them.
	Bans    []Ban    `json:"bans,omitempty"`
	Pardons []Pardon `json:"pardons,omitempty"`
	// Confirmed answers confirm: how many bans go on.
	Confirmed int `json:"confirmed,omitempty"`
	// Status answers status, as the command prints it.
	Status json.RawMessage `json:"status,omitempty"`
	// Top answers top, as the command prints it.
	Top json.RawMessage `json:"top,omitempty"`
	// Why answers why, as the command prints it.
	Why json.RawMessage `json:"why,omitempty"`
}

// Cover is a ban around a prefix.
type Cover struct {
	Prefix netip.Prefix `json:"prefix"`
	By     netip.Prefix `json:"by"`
	Set    string       `json:"set"` // the set that holds By
}

// Pardon is a prefix that stays unbanned for a while.
type Pardon struct {
	Prefix netip.Prefix `json:"prefix"`
	Until  time.Time    `json:"until"`
}

// Ban is one line of "smtpbl set list".
type Ban struct {
	Addr      string  `json:"addr"`
	Set       string  `json:"set"`
	Remaining float64 `json:"remaining_seconds"`
	Timeout   float64 `json:"timeout_seconds"`
	Packets   uint64  `json:"packets"`
	Bytes     uint64  `json:"bytes"`
	Reason    string  `json:"reason"`
}

// RemoteError is an error that the service reported.
type RemoteError struct {
	Message string
	Advice  string
}

// Error returns the service's words.
func (e *RemoteError) Error() string { return e.Message }

// Hint returns what to do about it, or nothing.
func (e *RemoteError) Hint() string { return e.Advice }

// errStranger is what another user is told, by the service or because
// the way to it is closed.
var errStranger = &RemoteError{Message: "only root may talk to the service", Advice: "run the command with sudo"}

var errTooLong = errors.New("message is too long")

// readMessage reads one JSON document of at most so many bytes. What follows it
// is not looked at.
func readMessage(r io.Reader, most int64, v any) error {
	limited := &io.LimitedReader{R: r, N: most}
	dec := json.NewDecoder(limited)
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		if limited.N == 0 {
			return errTooLong
		}
		return fmt.Errorf("read message: %w", err)
	}
	return nil
}
