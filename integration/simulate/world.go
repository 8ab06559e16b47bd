package main

import (
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// start is a Monday, so that weekdays can be told.
var start = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// world is a mail server with its Engine and its firewall, in virtual time.
type world struct {
	engine   *policy.Engine
	firewall *firewall
	book     *addressBook
	// hashes says that the server tells a hash of each password that was
	// tried, as Dovecot's auth policy protocol does.
	hashes bool
	outage outage

	ev  policy.Event
	out []policy.Decision
	// decided are the bans and soft steps by rule.
	decided map[policy.Rule]int
}

func newWorld(cfg policy.Config) *world {
	return &world{engine: policy.New(cfg, start), firewall: newFirewall(), book: newAddressBook(), decided: map[policy.Rule]int{}}
}

// try is one attempt to log in.
type try struct {
	from     netip.Addr
	user     []byte
	password uint32 // a hash of a wrong one; 0 is the right one
	protocol policy.Protocol
}

// answer is what becomes of a try.
type answer uint8

const (
	dropped answer = iota // the firewall let no packet through
	failed
	worked
)

// login lets t come in at at. What is dropped is no event.
func (w *world) login(at time.Duration, t try) answer {
	if w.firewall.dropped(t.from, t.protocol, at) {
		return dropped
	}
	kind, got := policy.AuthOK, worked
	if t.password != 0 {
		kind, got = policy.AuthFail, failed
	}
	if w.outage.at(at) {
		kind, got = w.outage.kind(), failed
	}
	w.tell(at, t, kind)
	return got
}

// tell gives the Engine what the mail server logs of t, and the firewall what
// the Engine decides.
func (w *world) tell(at time.Duration, t try, kind policy.Kind) {
	w.ev = policy.Event{
		Time: start.Add(at), Addr: t.from, Kind: kind, Service: policy.Postfix, Protocol: t.protocol,
		Witness: policy.WitnessMTA, User: t.user,
	}
	if kind == policy.AuthFail {
		w.ev.Failures = 1
	}
	if w.hashes {
		w.ev.Service, w.ev.Witness, w.ev.Password = policy.Dovecot, policy.WitnessPolicy, t.password
	}
	w.out = w.engine.Observe(&w.ev, w.out[:0])
	for i := range w.out {
		d := &w.out[i]
		w.firewall.take(d)
		w.book.take(d)
		if d.Ban() {
			w.decided[d.Rule]++
		}
	}
}

// soft tells whether the mail server turns away what a sends after its login,
// as it learns when it asks.
func (w *world) soft(at time.Duration, a netip.Addr) bool {
	return w.firewall.soft(a, at) && w.engine.Standing(a, start.Add(at)).Step == policy.StepSoft
}
