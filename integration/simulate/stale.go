package main

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// stalePhone asks for mail every 5 to 15 minutes with the password that its
// owner has replaced, until he notices.
type stalePhone struct {
	rng      *rand.Rand
	owner    []byte
	place    func(at time.Duration) netip.Addr
	password uint32
	until    time.Duration
	protocol policy.Protocol
}

func (p *stalePhone) act(w *world, at time.Duration) time.Duration {
	if at >= p.until {
		return 0
	}
	from := p.place(at)
	w.book.note(from)
	w.login(at, try{from: from, user: p.owner, password: p.password, protocol: p.protocol})
	return at + 5*time.Minute + time.Duration(p.rng.Int64N(int64(10*time.Minute)))
}

// lapse is when somebody tries all passwords that come to his mind, one a minute, and then
// sets a new one.
type lapse struct {
	*user
	left int
}

func (f *lapse) act(w *world, at time.Duration) time.Duration {
	if f.left == 0 {
		return f.user.act(w, at)
	}
	f.left--
	t := try{from: f.place(at), user: f.name, password: f.rng.Uint32() | 1, protocol: policy.SMTP}
	if w.login(at, t) == dropped {
		f.class.lose(&f.person, time.Minute)
	}
	return at + time.Minute
}

// fetcher is a program with a wrong password that nobody looks after.
type fetcher struct {
	class *tally
	person
	name     []byte
	from     netip.Addr
	password uint32
}

func (f *fetcher) act(w *world, at time.Duration) time.Duration {
	const every = 5 * time.Minute
	if w.login(at, try{from: f.from, user: f.name, password: f.password, protocol: policy.SMTP}) == dropped {
		f.class.lose(&f.person, every)
	}
	return at + every
}
