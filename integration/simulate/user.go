package main

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

const (
	// typedShare is how many logins are typed by hand: about one a day. In the
	// others a program sends the password that it has stored.
	typedShare = 1. / 16
	// mistyped and mistypedAgain are how often a typed password is wrong at
	// first and at each further try: a mistake is mostly mended at once.
	mistyped, mistypedAgain = 0.05, 0.25
	// strangeMistyped is mistyped for a first login in a new network.
	strangeMistyped = 0.10
	// newcomerMistyped is both for somebody's first login at all.
	newcomerMistyped = 0.30
	// sameAgain is how often the same wrong password is typed once more.
	sameAgain = 0.5
	// givesUp is after how many wrong tries the password is set anew.
	givesUp = 10

	retry     = 20 * time.Second // typing once more
	retryLate = 5 * time.Minute  // a program's next try after a failure
	mostLost  = time.Hour        // what one login that is dropped costs at most

	wakes, sleeps = 7 * time.Hour, 23 * time.Hour
)

// user is an honest person. His devices log in about once an hour while he is
// awake, from wherever he is.
type user struct {
	rng   *rand.Rand
	class *tally
	person
	name  []byte
	place func(at time.Duration) netip.Addr

	// slips is how often he has typed wrong passwords in a row, wrong the last
	// of them.
	slips int
	wrong uint32
	// newcomer has never logged in; traveller has a new network each day.
	newcomer, traveller bool
	last                netip.Addr
	// away is a time in which he has nothing that knows the right password.
	awayFrom, awayTo time.Duration
}

func (u *user) act(w *world, at time.Duration) time.Duration {
	if u.awayFrom <= at && at < u.awayTo {
		return u.next(at, worked, false)
	}
	from := u.place(at)
	w.book.note(from)
	t := try{from: from, user: u.name, protocol: policy.SMTP}
	if u.slipsNow(from) {
		t.password = u.mistake()
	}
	got := w.login(at, t)
	next := u.next(at, got, t.password != 0)
	if lost := min(next-at, mostLost); got == dropped {
		u.class.lose(&u.person, lost)
	} else if got == worked && w.soft(at, from) {
		u.class.turnAway(&u.person, lost)
	}
	if got == worked {
		u.slips, u.newcomer, u.last = 0, false, from
	}
	return next
}

// slipsNow tells whether this login is typed, and wrong.
func (u *user) slipsNow(from netip.Addr) bool {
	often := 0.0
	switch {
	case u.slips >= givesUp:
	case u.newcomer:
		often = newcomerMistyped
	case u.slips > 0:
		often = mistypedAgain
	case u.traveller && from != u.last:
		often = strangeMistyped
	case u.rng.Float64() < typedShare:
		often = mistyped
	}
	return u.rng.Float64() < often
}

// mistake returns a wrong password, often the same as before.
func (u *user) mistake() uint32 {
	if u.slips == 0 || u.rng.Float64() >= sameAgain {
		u.wrong = u.rng.Uint32() | 1
	}
	u.slips++
	return u.wrong
}

// next is when he logs in again.
func (u *user) next(at time.Duration, got answer, slipped bool) time.Duration {
	switch {
	case got == failed && slipped:
		return at + retry
	case got == failed:
		return at + retryLate
	}
	next := at + 40*time.Minute + time.Duration(u.rng.Int64N(int64(40*time.Minute)))
	if next%day >= sleeps || next%day < wakes {
		next = morning(next, u.rng)
	}
	return next
}

// morning is when somebody who sleeps at at logs in first.
func morning(at time.Duration, rng *rand.Rand) time.Duration {
	if at%day >= wakes {
		at += day
	}
	return at.Truncate(day) + wakes + time.Duration(rng.Int64N(int64(time.Hour)))
}
