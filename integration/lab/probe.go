package lab

import (
	"errors"
	"net"
	"net/netip"
	"time"
)

// probeWait is how long a probe waits. The kernel repeats an unanswered SYN
// after one second (RFC 6298), so a dropped probe is exactly one packet; an
// answer takes well under a millisecond here.
const probeWait = 400 * time.Millisecond

// ProbeBytes4 and ProbeBytes6 are the lengths of a probe's packet: IP and TCP
// header with the options of a Linux SYN (MSS, SACK, time stamp, scale).
const (
	ProbeBytes4 = 20 + 40
	ProbeBytes6 = 40 + 40
)

// Dropped tells whether a connection attempt from the host's address from is
// met with silence. A refusal or an answer is not silence; anything else,
// such as a missing route, is an error.
func (h *Host) Dropped(from netip.Addr, port uint16) (bool, error) {
	conn, err := h.Dial(from, port, probeWait)
	if err == nil {
		return false, conn.Close()
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return true, nil
	}
	return false, err
}
