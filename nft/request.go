package nft

import (
	"errors"

	"golang.org/x/sys/unix"
)

// errInterrupted says that what was being listed changed meanwhile, so that the
// list may lack entries.
var errInterrupted = errors.New("the kernel's tables changed while they were listed")

// errNoAnswer says that the kernel left a request without an answer.
var errNoAnswer = errors.New("the kernel did not answer the request")

// dump asks for all objects of a kind and calls each with the attributes of
// every one. It returns errInterrupted, after all calls, if the list may have
// gaps.
func (s *socket) dump(typ uint16, build func(*encoder), each func(attributes []byte)) error {
	return s.request(typ, unix.NLM_F_DUMP, build, each)
}

// get asks for one object and calls each with its attributes.
func (s *socket) get(typ uint16, build func(*encoder), each func(attributes []byte)) error {
	return s.request(typ, unix.NLM_F_ACK, build, each)
}

func (s *socket) request(typ, flags uint16, build func(*encoder), each func([]byte)) error {
	b := &batch{encoder: encoder{b: s.out[:0]}}
	b.message(typ, flags)
	build(&b.encoder)
	b.seal()
	return s.ask(b, each)
}

// ask sends a request and reads all of the answer to it.
func (s *socket) ask(b *batch, each func(body []byte)) error {
	s.out = b.b
	if err := s.send(b.b); err != nil {
		return err
	}
	interrupted := false
	for {
		in, err := s.receive()
		if err != nil {
			return err
		}
		if in == nil {
			return errNoAnswer
		}
		done, err := eachAnswer(in, &interrupted, each)
		if err != nil || done {
			s.unread = !done
			return err
		}
	}
}

// askEach sends n messages of which each is answered by one, and hands over the
// answers in order.
func (s *socket) askEach(b *batch, n int, each func(answer) error) error {
	s.out = b.b
	if err := s.send(b.b); err != nil {
		return err
	}
	for answered := 0; answered < n; {
		in, err := s.receive()
		if err != nil {
			return err
		}
		if in == nil {
			return errNoAnswer
		}
		for a, rest, ok := nextAnswer(in); ok; a, rest, ok = nextAnswer(rest) {
			answered++
			if err := each(a); err != nil {
				return err
			}
		}
	}
	s.unread = false
	return nil
}

// eachAnswer works through one datagram; done means that the request is
// answered completely. Calls get what follows the first four bytes, which in an
// answer of nf_tables are a header and in one about sockets family and state.
func eachAnswer(in []byte, interrupted *bool, each func([]byte)) (done bool, err error) {
	for a, rest, ok := nextAnswer(in); ok; a, rest, ok = nextAnswer(rest) {
		*interrupted = *interrupted || a.flags&unix.NLM_F_DUMP_INTR != 0
		switch {
		case a.typ == unix.NLMSG_ERROR || a.typ == unix.NLMSG_DONE:
			if errno := a.errno(); errno != 0 {
				return true, &messageError{errno: errno, index: int(a.seq)}
			}
			if *interrupted {
				return true, errInterrupted
			}
			return true, nil
		case len(a.body) >= sizeofNfgenmsg:
			each(a.body[sizeofNfgenmsg:])
		}
	}
	return false, nil
}
