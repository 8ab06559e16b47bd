package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// track is a cable from the sender to a server, at whose end a sink counts.
type track struct {
	name      string
	conntrack bool
	fd        int
	sink      *sink
	// ours is smtpbl's table, nil for other ways; server is set where the
	// namespace is the track's own.
	ours   *own
	server *namespace
}

// lay connects a server's namespace to the sender.
func (s *sender) lay(server *namespace, name string, conntrack bool) (*track, error) {
	s.cables++
	cable := fmt.Sprintf("c%d", s.cables)
	index, err := join(s.namespace, server, cable)
	if err != nil {
		return nil, err
	}
	if err := server.route(cable); err != nil {
		return nil, err
	}
	fd, err := s.socket(index)
	if err != nil {
		return nil, err
	}
	sink, err := newSink(server, conntrack)
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return &track{name: name, conntrack: conntrack, fd: fd, sink: sink}, nil
}

func (t *track) close() {
	t.sink.close()
	_ = unix.Close(t.fd)
	if t.server != nil {
		t.server.close()
	}
}

// takes tells whether packets of the kind can be told from others: only smtpbl
// has been given networks of IPv6.
func (t *track) takes(k kind) bool { return !k.v6 || t.ours != nil || t.bare() }

// bare tells whether nobody is banned at the end of the track.
func (t *track) bare() bool { return t.server != nil }
