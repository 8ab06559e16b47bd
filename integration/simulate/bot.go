package main

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// bot is one address of an attacker. It guesses once in every, a little sooner
// or later, and takes no notice of being dropped.
type bot struct {
	rng    *rand.Rand
	siege  *siege
	from   netip.Addr
	every  time.Duration
	jitter time.Duration // up to so much sooner or later
	until  time.Duration
	// account picks what it tries next.
	account func(rng *rand.Rand) []byte
	// own is an account whose password it has: it logs in there after each
	// washEvery guesses.
	own []byte
	n   int // guesses so far
}

const washEvery = 3

func (b *bot) act(w *world, at time.Duration) time.Duration {
	if at >= b.until {
		return 0
	}
	t := try{from: b.from, user: b.account(b.rng), password: b.rng.Uint32() | 1, protocol: policy.SMTP}
	b.n++
	b.siege.count(t.user, w.login(at, t))
	if b.own != nil && b.n%washEvery == 0 {
		w.login(at, try{from: b.from, user: b.own, protocol: policy.SMTP})
	}
	next := at + b.every
	if b.jitter > 0 {
		next += time.Duration(b.rng.Int64N(2*int64(b.jitter))) - b.jitter
	}
	return max(next, at+1)
}
