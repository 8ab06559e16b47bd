package postfix

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/netip"
)

const (
	// maxRequest bounds a request of the policy protocol. Postfix's have about
	// a thousand bytes.
	maxRequest = 64 << 10
	// maxAttributes bounds its lines; Postfix 3.10 sends 35.
	maxAttributes = 256
	// longestName is how much is looked at of a line that does not fit into the
	// buffer: enough for the names that are ours.
	longestName = 64
)

// policyRequest is what we take of the attributes.
type policyRequest struct {
	kind, client string
	user         bool // who has logged in
	malformed    bool
}

// readPolicy reads the lines of a request up to the empty one that ends it.
func readPolicy(r *bufio.Reader) (question, error) {
	var p policyRequest
	for lines, left := 0, maxRequest; ; lines++ {
		line, whole, size, err := readLine(r, left)
		if err != nil {
			return question{}, err
		}
		left -= size
		if len(line) == 0 && whole {
			return p.question()
		}
		if lines == maxAttributes {
			return question{}, errBeyond
		}
		p.take(line, whole)
	}
}

// readLine returns the next line without its end, or the beginning of one that
// is longer than the buffer. Size is how many bytes were read: a line that would
// take more than most is not read to its end.
func readLine(r *bufio.Reader, most int) (line []byte, whole bool, size int, err error) {
	line, err = r.ReadSlice('\n')
	size, whole = len(line), err == nil
	if errors.Is(err, bufio.ErrBufferFull) {
		line = bytes.Clone(line[:longestName])
	}
	for errors.Is(err, bufio.ErrBufferFull) && size <= most {
		var more []byte
		more, err = r.ReadSlice('\n')
		size += len(more)
	}
	switch {
	case size > most:
		return nil, false, size, errBeyond
	case errors.Is(err, io.EOF):
		return nil, false, size, io.ErrUnexpectedEOF
	case whole:
		line = line[:len(line)-1]
	}
	return line, whole, size, err
}

// take looks at one attribute. What Postfix sends beyond ours, in this version
// or in one to come, is passed over.
func (p *policyRequest) take(line []byte, whole bool) {
	name, value, ok := bytes.Cut(line, []byte("="))
	if !ok {
		p.malformed = true
		return
	}
	switch string(name) {
	case "request":
		p.set(&p.kind, value, whole)
	case "client_address":
		p.set(&p.client, value, whole)
	case "sasl_username":
		p.user = p.user || len(value) > 0
	}
}

// set takes the value of an attribute that may be there once.
func (p *policyRequest) set(to *string, value []byte, whole bool) {
	if *to != "" || len(value) == 0 || !whole {
		p.malformed = true
		return
	}
	*to = string(value)
}

func (p *policyRequest) question() (question, error) {
	addr, ok := netip.Addr{}, false
	if !p.malformed && p.kind == "smtpd_access_policy" {
		addr, ok = plainAddr([]byte(p.client))
	}
	if !ok {
		return question{}, errMalformed
	}
	return question{addr: addr, loggedIn: p.user}, nil
}
