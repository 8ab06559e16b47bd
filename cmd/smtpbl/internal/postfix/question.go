package postfix

import (
	"bufio"
	"errors"
	"fmt"
	"net/netip"
)

// Protocol is what is spoken on a socket; a metric label.
type Protocol string

// The protocols.
const (
	Policy Protocol = "policy"
	Map    Protocol = "map"
)

// Protocols lists both, for metrics that start at zero.
var Protocols = []Protocol{Policy, Map}

// question is what Postfix wants to know.
type question struct {
	// addr is the client; not valid where the answer is known to be no.
	addr netip.Addr
	// loggedIn tells that the client has proven a password in this session.
	loggedIn bool
}

var (
	// errMalformed is a question that ended where it should and cannot be
	// answered; the next one may be better.
	errMalformed = errors.New("malformed request")
	// errBeyond is one whose end cannot be found, or is too far.
	errBeyond = fmt.Errorf("%w: its end is not found", errMalformed)
)

// bufferSize is the size of a reader: each line or key that matters fits.
const bufferSize = 4 << 10

// read takes one question. Other errors than errMalformed are the connection's.
func (p Protocol) read(r *bufio.Reader) (question, error) {
	if p == Map {
		return readMap(r)
	}
	return readPolicy(r)
}

// answer puts an action, empty for none, into the words of the protocol.
func (p Protocol) answer(action string) []byte {
	switch {
	case p == Policy && action == "":
		return []byte("action=DUNNO\n\n")
	case p == Policy:
		return []byte("action=" + action + "\n\n")
	case action == "":
		return netstring("NOTFOUND ")
	}
	return netstring("OK " + action)
}

// plainAddr reads an address as Postfix writes it.
func plainAddr(text []byte) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(string(text))
	return addr.WithZone("").Unmap(), err == nil
}
