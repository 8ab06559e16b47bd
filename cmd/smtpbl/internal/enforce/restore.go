package enforce

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

// Restore makes or adopts the table and brings back every ban of the history
// that still runs, with the time it has left: when it returns, the kernel
// enforces all of them. Elements that the history does not know are kept:
// somebody put them there. tell is called with each ban that is or was, also
// with those that ended; the later word on one counts.
func (e *Enforcer) Restore(allow []netip.Prefix, tell func(*store.Record)) error {
	start := time.Now()
	outcome, protected := nft.Outcome("none"), false
	e.recallPardons(start)
	if e.Kernel != nil {
		adoption, err := e.ensure()
		if err != nil {
			return err
		}
		if err := e.Allow(allow); err != nil {
			return err
		}
		outcome, protected = adoption.Outcome, adoption.Protected
	}
	if err := e.bringBack(start, outcome, tell); err != nil {
		return err
	}
	for _, r := range e.spare(nil) {
		tell(&r)
	}
	e.health.compared(time.Now(), 0)
	e.publish()
	e.Log.Info("table ready", "table", string(outcome), "protected", protected, "bans", e.ledger.len(), "took", time.Since(start).Round(time.Microsecond))
	return nil
}

// bringBack fills the ledger, and the kernel where it lacks what is wanted. A
// new table lacks everything, so it is filled while the history is read. From
// one that stands only those are lifted that there is no room for.
func (e *Enforcer) bringBack(now time.Time, outcome nft.Outcome, tell func(*store.Record)) error {
	if e.Kernel == nil {
		return e.recall(now, tell, func(nft.Change) {})
	}
	l := startLoading(e.Kernel)
	err := e.recall(now, tell, func(c nft.Change) {
		if c.Remove || outcome == nft.Built {
			l.add(c)
		}
	})
	if failed := l.finish(); failed != nil {
		return fmt.Errorf("restore %d bans: %w", e.ledger.len(), failed)
	}
	if err != nil || outcome == nft.Built {
		return err
	}
	return e.adopt(now, tell)
}

// recall reads the history into the ledger and gives change what the kernel
// needs for it. What ended so long ago that it no longer counts is forgotten.
func (e *Enforcer) recall(now time.Time, tell func(*store.Record), change func(nft.Change)) error {
	if e.History == nil {
		return nil
	}
	forget, old, gaveWay := now.Add(-e.Keep), false, 0
	err := e.History.Each(func(r *store.Record) error {
		if r.Until.Before(forget) {
			old = true
			return nil
		}
		tell(r)
		if !r.Active(now) {
			return nil
		}
		if loser, lost := e.want(r, now, change); lost {
			gaveWay++
			loser.Until = now
			tell(&loser)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the history: %w", err)
	}
	e.recallTrial(now, tell, change)
	if gaveWay > 0 {
		e.Log.Warn("bans gave way to later ones: the history has more than a set may hold", "bans", gaveWay, "max_bans", e.MaxBans)
	}
	if old {
		e.forget(forget)
	}
	return nil
}

// want puts a running ban into the ledger. Where its set is full, the one that
// ends soonest gives way and is returned.
func (e *Enforcer) want(r *store.Record, now time.Time, change func(nft.Change)) (loser store.Record, lost bool) {
	s := e.ledger.at(r.Key())
	if e.MaxBans > 0 && s != nil && s.len() >= e.MaxBans {
		loser, lost = s.soonest()
		if !loser.Until.Before(r.Until) {
			loser = *r
		}
		s.remove(loser.Prefix.Addr())
		change(nft.Change{Layer: loser.Layer, Prefix: loser.Prefix, Remove: true})
		if loser.Prefix == r.Prefix {
			return loser, lost
		}
	}
	e.ledger.put(*r)
	change(nft.Change{Layer: r.Layer, Prefix: r.Prefix, Timeout: r.Until.Sub(now)})
	return loser, lost
}

// forget takes bans out of the history that no longer count.
func (e *Enforcer) forget(before time.Time) {
	n, err := e.History.Prune(before)
	if err != nil {
		e.saver.failed(err)
	}
	e.Log.Debug("old bans forgotten", "bans", n)
}

var _ Kernel = (*nft.Table)(nil)
