package enforce

import (
	"context"
	"net/netip"
	"slices"
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
	// Pardon is how long what Del names stays unbanned; zero until it earns
	// the next ban.
	Pardon time.Duration
	Flush  bool
	// Done is called with the outcome, in the Enforcer's goroutine.
	Done func(Outcome, error)
}

// Outcome says what a change by hand did.
type Outcome struct {
	// Changed are banned or unbanned now. A flush names a prefix once for each
	// of its bans.
	Changed []netip.Prefix
	// Kept are bans that run longer than was asked for and stay as they are,
	// or, for a removal, prefixes that were not banned.
	Kept []netip.Prefix
	// Covered are wider bans around what a removal named, which go on.
	Covered []Cover
	// PardonedUntil is the end of the pardon of all that a removal named; zero
	// without one.
	PardonedUntil time.Time
	// Unpardoned are pardons that a ban by hand has ended.
	Unpardoned []netip.Prefix
}

// Cover is a ban that covers a prefix.
type Cover struct {
	Prefix netip.Prefix
	By     nft.Key
}

// Once makes one change by hand and writes the history, for those who do not
// run the Enforcer.
func (e *Enforcer) Once(h *Hand) {
	e.byHand(h)
	for e.round != nil {
		e.slice()
	}
	e.saver.write()
}

// AwaitSaved waits until the history holds, or could not take, what was changed
// by hand until now. Whoever is told that a ban was lifted must be able to rely
// on it: a crash before would bring the ban back. While the Enforcer runs.
func (e *Enforcer) AwaitSaved(ctx context.Context) error {
	select {
	case <-e.saver.tried():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
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
		out, err = e.del(h)
	}
	h.Done(out, err)
}

// add bans by hand, all or none: the ledger changes after the kernel agreed.
func (e *Enforcer) add(h *Hand) (Outcome, error) {
	var out Outcome
	now := time.Now()
	var changes, undo []nft.Change
	var records []store.Record
	for _, p := range h.Add {
		r := e.merge(store.Record{
			Layer: nft.LayerManual, Prefix: p, Rule: policy.RuleManual, Step: stepOf(nft.LayerManual, p),
			At: now, Until: now.Add(h.For), Reason: h.Reason,
		})
		old, stands := e.ledger.get(r.Key())
		if stands && old.Until.Equal(r.Until) {
			out.Kept = append(out.Kept, p)
			continue
		}
		out.Changed = append(out.Changed, p)
		records = append(records, r)
		changes = append(changes, nft.Change{Layer: r.Layer, Prefix: p, Timeout: r.Until.Sub(now)})
		undo = append(undo, nft.Change{Layer: r.Layer, Prefix: p, Timeout: old.Until.Sub(now), Remove: !stands})
	}
	if err := e.applyByHand(changes); err != nil {
		e.takeBack(undo)
		return Outcome{}, err
	}
	for _, r := range records {
		e.ledger.put(r)
		delete(e.pending, r.Key())
		e.Meter.Banned(policy.RuleManual, r.Step)
		if len(records) <= namedByHand {
			e.Log.Info("banned by hand", "addr", Addr(r.Prefix), "for", h.For, "reason", r.Reason)
		}
	}
	if len(records) > namedByHand {
		e.Log.Info("banned by hand", "bans", len(records), "for", h.For, "reason", h.Reason)
	}
	e.saver.put(records)
	out.Unpardoned = e.unpardon(h.Add)
	e.killer.add(nft.LayerManual, out.Changed...)
	return out, nil
}

// namedByHand is up to how many bans of one change by hand are logged one by
// one: a line costs as much as a ban, and the next ban waits meanwhile.
const namedByHand = 1000

// takeBack undoes what took effect of a change that failed: of many bans the
// kernel may have refused one.
func (e *Enforcer) takeBack(undo []nft.Change) {
	if e.Kernel == nil {
		return
	}
	if err := e.Kernel.Apply(undo); err != nil {
		e.Log.Warn("a change by hand failed and is not all taken back: what stands of it ends by itself", "err", err)
	}
}

// stepOf is the step that a ban stands on which the policy did not make.
func stepOf(layer nft.Layer, p netip.Prefix) policy.Step {
	if layer == nft.LayerAll {
		return policy.StepAll
	}
	if p.IsSingleIP() || p.Addr().Is6() && p.Bits() >= 64 {
		return policy.StepHost
	}
	return policy.StepNet
}

// inLayers returns the names of a prefix's bans in every layer.
func inLayers(p netip.Prefix) []nft.Key {
	return []nft.Key{{Layer: nft.LayerPolicy, Prefix: p}, {Layer: nft.LayerManual, Prefix: p}, {Layer: nft.LayerAll, Prefix: p}}
}

// del lifts bans in every layer: whoever says so wants the address open. The
// kernel is asked to lift those we do not know as well: they may be somebody's.
func (e *Enforcer) del(h *Hand) (Outcome, error) {
	prefixes := h.Del
	var keys []nft.Key
	var changes []nft.Change
	for _, p := range prefixes {
		for _, k := range inLayers(p) {
			keys = append(keys, k)
			changes = append(changes, nft.Change{Layer: k.Layer, Prefix: p, Remove: true})
		}
	}
	known, err := e.standing(keys)
	if err != nil {
		return Outcome{}, err
	}
	var pardoned time.Time
	if h.Pardon > 0 {
		pardoned = time.Now().Add(h.Pardon)
		if err := e.pardon(prefixes, pardoned); err != nil {
			return Outcome{}, err
		}
	}
	if err := e.applyByHand(changes); err != nil {
		return Outcome{}, err
	}
	e.lift(slices.DeleteFunc(keys, func(k nft.Key) bool { return !known[k] }), "manual")
	out := e.lifted(prefixes, known)
	if out.PardonedUntil = pardoned; h.Pardon > 0 {
		out.Covered = nil // they go on, but not for these
	}
	return out, nil
}

// lifted says what became of prefixes whose known bans were lifted.
func (e *Enforcer) lifted(prefixes []netip.Prefix, known map[nft.Key]bool) Outcome {
	var out Outcome
	for _, p := range prefixes {
		if slices.ContainsFunc(inLayers(p), func(k nft.Key) bool { return known[k] }) {
			out.Changed = append(out.Changed, p)
		} else {
			out.Kept = append(out.Kept, p)
		}
		for _, k := range e.ledger.around(p) {
			out.Covered = append(out.Covered, Cover{p, k})
		}
	}
	return out
}

// standing tells which bans there are, in the ledger or in the kernel.
func (e *Enforcer) standing(keys []nft.Key) (map[nft.Key]bool, error) {
	known := map[nft.Key]bool{}
	for _, k := range keys {
		if _, ok := e.ledger.get(k); ok {
			known[k] = true
		}
	}
	if e.Kernel == nil {
		return known, nil
	}
	bans, err := e.Kernel.Query(keys)
	if err != nil && !isGone(err) { // a table that is gone holds none
		return nil, err
	}
	for i := range bans {
		known[bans[i].Key()] = true
	}
	return known, nil
}

// lift takes bans out of the ledger and writes their early end.
func (e *Enforcer) lift(keys []nft.Key, reason string) {
	now := time.Now()
	var records []store.Record
	for _, k := range keys {
		delete(e.pending, k)
		e.Meter.Unbanned(reason)
		if len(keys) <= namedByHand {
			e.Log.Info("unbanned", "addr", Addr(k.Prefix), "set", k.Set(), "because", reason)
		}
		if r, ok := e.ledger.remove(k); ok {
			r.Until = now
			records = append(records, r)
		}
	}
	if len(keys) > namedByHand {
		e.Log.Info("unbanned", "bans", len(keys), "because", reason)
	}
	e.save(records)
}

func (e *Enforcer) flush() (Outcome, error) {
	var keys []nft.Key
	var out Outcome
	for r := range e.ledger.all() {
		keys = append(keys, r.Key())
		out.Changed = append(out.Changed, r.Prefix)
	}
	var err error
	if e.Kernel != nil {
		err = e.Kernel.Flush()
	}
	if err != nil && !isGone(err) {
		return Outcome{}, err
	}
	e.lift(keys, "flush")
	if err != nil {
		return out, e.rebuild(causeGone, nft.Foreign{})
	}
	return out, nil
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
		if err = e.rebuild(causeGone, nft.Foreign{}); err == nil {
			err = e.Kernel.Apply(changes)
		}
	}
	return err
}
