package main

import (
	"net/netip"

	"github.com/smtpbl/smtpbl/ingest/parse"
	"github.com/smtpbl/smtpbl/policy"
)

// A reading is a file of lines read by smtpbl's parsers in their order.
type reading struct {
	reader   *parse.Reader
	sessions *parse.Sessions
}

func newReading() *reading {
	return &reading{reader: parse.NewReader(nil), sessions: new(parse.Sessions)}
}

// A verdict is what smtpbl makes of a line. Its event is none where it is no
// event, and where the event blames nobody: our backend's fault, or a
// connection's end, which counts only what was not told before.
type verdict struct {
	event string
	addr  netip.Addr
}

// verdict reads a line.
func (r *reading) verdict(l *labelled) verdict {
	var ev policy.Event
	var ok bool
	switch {
	case l.bare():
		ok = r.reader.Message([]byte(l.program()), nil, []byte(l.Line), &ev)
	case l.hostless():
		ok = r.reader.Line([]byte("Jan  1 00:00:00 mx "+l.Line), &ev)
	default:
		ok = r.reader.Line([]byte(l.Line), &ev)
	}
	if !ok || !r.complete(&ev) {
		return verdict{event: none}
	}
	switch ev.Kind {
	case policy.AuthFail, policy.AuthOK, policy.Abuse:
		return verdict{ev.Kind.String(), ev.Addr}
	case policy.Session, policy.BackendFault:
	}
	return verdict{event: none}
}

// complete finds the client where another line tells it. Labels are of lines
// alone, so an event that repeats another one is as good as any.
func (r *reading) complete(ev *policy.Event) bool {
	return ev.Kind != 0 && ev.Addr.IsValid() || r.sessions.Resolve(ev)
}
