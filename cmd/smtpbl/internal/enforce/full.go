package enforce

import (
	"errors"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

// applyToFull applies what did not fit into a set: other programs' elements are
// in it, or bans that ended and are not collected yet. Each set has a go of its
// own, and in a full one the bans that end soonest give way to the new ones.
func (e *Enforcer) applyToFull(changes []nft.Change) error {
	bySet := map[string][]nft.Change{}
	for _, c := range changes {
		bySet[c.Key().Set()] = append(bySet[c.Key().Set()], c)
	}
	errs := make([]error, 0, len(bySet))
	for set, some := range bySet {
		err := e.Kernel.Apply(some)
		if errors.Is(err, nft.ErrFull) {
			err = e.Kernel.Apply(append(e.giveWay(set, some), some...))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// giveWay takes as many bans out of the ledger as are to be added to a full
// set, those that end soonest, and returns the changes that lift them. What is
// being added stays.
func (e *Enforcer) giveWay(set string, adding []nft.Change) []nft.Change {
	stays := map[nft.Key]bool{}
	room := 0
	for _, c := range adding {
		stays[c.Key()] = true
		if !c.Remove {
			room++
		}
	}
	var out []nft.Change
	var kept []store.Record
	for len(out) < room {
		r, ok := e.ledger.soonest(set)
		if !ok {
			break
		}
		e.ledger.remove(r.Key())
		if stays[r.Key()] {
			kept = append(kept, r)
			continue
		}
		out = append(out, e.evict(r, "the set is full"))
	}
	for _, r := range kept {
		e.ledger.put(r)
	}
	return out
}

// evict ends a ban that was taken out of the ledger, and returns the change that
// lifts it. Nothing may go on as if it stood: the history would bring it back
// and the Engine would not ban again.
func (e *Enforcer) evict(r store.Record, because string) nft.Change {
	e.Meter.Unbanned("evicted")
	e.Log.Warn("ban gave way to newer ones", "addr", Addr(r.Prefix), "set", r.Key().Set(), "until", r.Until, "because", because)
	r.Until = time.Now()
	e.save([]store.Record{r})
	if e.GaveWay != nil && r.Layer != nft.LayerManual {
		e.GaveWay(r.Prefix)
	}
	return nft.Change{Layer: r.Layer, Prefix: r.Prefix, Remove: true}
}
