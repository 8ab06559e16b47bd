package enforce

import (
	"errors"
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

// backoff spaces repeated attempts at what failed.
type backoff struct {
	wait time.Duration
	next time.Time
}

func (b *backoff) fail(now time.Time) {
	b.wait = min(max(2*b.wait, firstRetry), time.Minute)
	b.next = now.Add(b.wait)
}

func (b *backoff) due(now time.Time) bool { return !now.Before(b.next) }

func isGone(err error) bool { return errors.Is(err, nft.ErrTableGone) }

// look does what is due: expire, heal, retry, compare.
func (e *Enforcer) look(now time.Time) {
	for range e.ledger.expire(now) {
		e.Meter.Unbanned("expired")
	}
	e.expirePardons(now)
	if e.Kernel != nil {
		if e.polls() && !now.Before(e.lookDue) {
			e.lookDue = now.Add(lookEvery)
			e.checkOutline(nft.Foreign{})
		}
		e.retryPending(now)
		e.goRound(now)
	}
	e.publish()
}

// goRound goes on with the round, or begins one.
func (e *Enforcer) goRound(now time.Time) {
	switch {
	case e.round != nil && !now.Before(e.round.due):
		e.slice()
	case e.round == nil && !now.Before(e.roundDue):
		if e.LookSoon != nil {
			e.LookSoon()
		}
		e.checkOutline(nft.Foreign{})
		switch {
		case e.round != nil: // the table was rebuilt
		case e.owed != nil:
			e.begin(e.owed)
		default:
			e.begin(&round{cause: causeDrift})
		}
	}
}

// Records returns the wanted bans, or those of the given prefixes alone, in
// all layers; for a Work's Do.
func (e *Enforcer) Records(only []netip.Prefix) []store.Record {
	var out []store.Record
	for _, p := range only {
		for _, k := range inLayers(p) {
			if r, ok := e.ledger.get(k); ok {
				out = append(out, r)
			}
		}
	}
	if len(only) > 0 {
		return out
	}
	out = make([]store.Record, 0, e.ledger.len())
	for r := range e.ledger.all() {
		out = append(out, r)
	}
	return out
}

// Around returns the wanted bans of all layers that cover p.
func (e *Enforcer) Around(p netip.Prefix) []store.Record {
	var out []store.Record
	for _, k := range append(inLayers(p), e.ledger.around(p)...) {
		if r, ok := e.ledger.get(k); ok {
			out = append(out, r)
		}
	}
	return out
}
