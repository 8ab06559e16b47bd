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
	for lines, size := 0, 0; ; lines++ {
		line, whole, err := readLine(r, maxRequest-size)
		if err != nil {
			return question{}, err
		}
		size += len(line) + 1
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
// is longer than the buffer. Up to most bytes are read.
func readLine(r *bufio.Reader, most int) (line []byte, whole bool, err error) {
	part, err := r.ReadSlice('\n')
	if err == nil && len(part) <= most {
		return part[:len(part)-1], true, nil
	}
	if errors.Is(err, bufio.ErrBufferFull) {
		line = bytes.Clone(part[:64]) // enough for the name
	}
	for n := len(part); errors.Is(err, bufio.ErrBufferFull) && n <= most; n += len(part) {
		part, err = r.ReadSlice('\n')
	}
	switch {
	case err == nil && line != nil:
		return line, false, nil
	case err == nil || errors.Is(err, bufio.ErrBufferFull):
		return nil, false, errBeyond
	case errors.Is(err, io.EOF):
		return nil, false, io.ErrUnexpectedEOF
	}
	return nil, false, err
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
