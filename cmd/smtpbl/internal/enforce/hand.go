package enforce

import (
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

// Hand is a change by hand. Exactly one of its parts is used.
type Hand struct {
	Add    []netip.Prefix
	For    time.Duration
	Reason string
	Del    []netip.Prefix
	Flush  bool
	// Done is called with the outcome, in the Enforcer's goroutine.
	Done func(Outcome, error)
}

// Outcome says what a change by hand did.
type Outcome struct {
	Changed []netip.Prefix // banned or unbanned now
	// Kept are bans that run longer than was asked for and stay as they are,
	// or, for a removal, prefixes that were not banned.
	Kept []netip.Prefix
}

// Once makes one change by hand and writes the history, for those who do not
// run the Enforcer.
func (e *Enforcer) Once(h *Hand) {
	e.byHand(h)
	e.saver.write()
}

func (e *Enforcer) byHand(h *Hand) {
	var out Outcome
	var err error
	switch {
	case h.Flush:
		out, err = e.flush()
	case len(h.Add) > 0:
		out, err = e.add(h)
	default:
		out, err = e.del(h.Del)
	}
	h.Done(out, err)
}

// add bans by hand, all or none: the ledger changes after the kernel agreed.
func (e *Enforcer) add(h *Hand) (Outcome, error) {
	var out Outcome
	now := time.Now()
	var changes []nft.Change
	var records []store.Record
	for _, p := range h.Add {
		r := e.merge(store.Record{
			Prefix: p, Rule: policy.RuleManual, Step: stepOf(p),
			At: now, Until: now.Add(h.For), Reason: h.Reason,
		})
		if old, ok := e.ledger.bans[p]; ok && old.Until.Equal(r.Until) {
			out.Kept = append(out.Kept, p)
			continue
		}
		out.Changed = append(out.Changed, p)
		records = append(records, r)
		changes = append(changes, nft.Change{Prefix: p, Timeout: r.Until.Sub(now)})
	}
	if err := e.applyByHand(changes); err != nil {
		return Outcome{}, err
	}
	for _, r := range records {
		e.ledger.put(r)
		delete(e.pending, r.Prefix)
		e.Meter.Banned(policy.RuleManual, r.Step)
		e.Log.Info("banned by hand", "addr", Addr(r.Prefix), "for", h.For, "reason", r.Reason)
	}
	e.saver.put(records)
	e.killer.add(out.Changed...)
	return out, nil
}

func stepOf(p netip.Prefix) policy.Step {
	if p.IsSingleIP() || p.Addr().Is6() && p.Bits() >= 64 {
		return policy.StepHost
	}
	return policy.StepNet
}

// del lifts bans. The kernel is asked to lift all of them, those we do not
// know as well: they may be somebody's.
func (e *Enforcer) del(prefixes []netip.Prefix) (Outcome, error) {
	var out Outcome
	changes := make([]nft.Change, 0, len(prefixes))
	for _, p := range prefixes {
		changes = append(changes, nft.Change{Prefix: p, Remove: true})
	}
	known, err := e.standing(prefixes)
	if err != nil {
		return Outcome{}, err
	}
	if err := e.applyByHand(changes); err != nil {
		return Outcome{}, err
	}
	for _, p := range prefixes {
		if !known[p] {
			out.Kept = append(out.Kept, p)
			continue
		}
		out.Changed = append(out.Changed, p)
	}
	e.lift(out.Changed, "manual")
	return out, nil
}

// standing tells which prefixes are banned, in the ledger or in the kernel.
func (e *Enforcer) standing(prefixes []netip.Prefix) (map[netip.Prefix]bool, error) {
	known := map[netip.Prefix]bool{}
	for _, p := range prefixes {
		if _, ok := e.ledger.bans[p]; ok {
			known[p] = true
		}
	}
	if e.Kernel == nil {
		return known, nil
	}
	keys := make([]nft.Key, 0, len(prefixes))
	for _, p := range prefixes {
		keys = append(keys, nft.Key{Prefix: p})
	}
	bans, err := e.Kernel.Query(keys)
	if err != nil {
		return nil, err
	}
	for i := range bans {
		known[bans[i].Prefix] = true
	}
	return known, nil
}

// lift takes bans out of the ledger and writes their early end.
func (e *Enforcer) lift(prefixes []netip.Prefix, reason string) {
	now := time.Now()
	var records []store.Record
	for _, p := range prefixes {
		delete(e.pending, p)
		e.Meter.Unbanned(reason)
		e.Log.Info("unbanned", "addr", Addr(p), "because", reason)
		if r, ok := e.ledger.remove(p); ok {
			r.Until = now
			records = append(records, r)
		}
	}
	e.saver.put(records)
}

func (e *Enforcer) flush() (Outcome, error) {
	var all []netip.Prefix
	for r := range e.ledger.all() {
		all = append(all, r.Prefix)
	}
	if e.Kernel != nil {
		if err := e.Kernel.Flush(); err != nil {
			return Outcome{}, err
		}
	}
	e.lift(all, "flush")
	return Outcome{Changed: all}, nil
}

// applyByHand commits at once and leaves nothing to be retried: whoever asked
// is told and decides.
func (e *Enforcer) applyByHand(changes []nft.Change) error {
	if e.Kernel == nil || len(changes) == 0 {
		return nil
	}
	start := time.Now()
	defer func() { e.Meter.Committed(time.Since(start)) }()
	err := e.Kernel.Apply(changes)
	if err != nil && isGone(err) {
		if err = e.rebuild("table_gone"); err == nil {
			err = e.Kernel.Apply(changes)
		}
	}
	return err
}
