package enforce

import (
	"time"

	"github.com/smtpbl/smtpbl/nft"
)

// The causes that repairs are counted under.
const (
	causeGone   = "table_gone"     // a ban found no table to go to
	causeChange = "foreign_change" // another program changed the table's outline or rules
	causeUnban  = "foreign_unban"  // another program lifted or changed bans
	causeDrift  = "drift"          // found by the regular comparison
)

// HealCauses lists every cause, for metrics that start at zero.
var HealCauses = []string{causeGone, causeChange, causeUnban, causeDrift}

// ensure makes the table stand and remembers whether others can change it.
func (e *Enforcer) ensure() (nft.Adoption, error) {
	a, err := e.Kernel.Ensure()
	if err == nil {
		e.protected = a.Protected
	}
	if e.broken = err != nil; e.broken {
		e.lookDue = e.hurry()
	}
	e.health.kernelError(err)
	return a, err
}

// disturbed makes good what other programs did, as the lookout heard it.
func (e *Enforcer) disturbed() {
	f := e.lookout.take()
	before := e.round
	if f.Table {
		e.checkOutline(f)
	}
	switch {
	case e.round != nil && e.round != before: // begun after all this, it looks at every ban
	case f.Many:
		e.begin(&round{cause: causeUnban, by: f, urgent: true})
	case len(f.Bans) > 0:
		e.repair(f)
	}
	e.publish()
}

// checkOutline rebuilds the table where somebody deleted or changed it. What
// makes no difference is left alone: two programs that both insist on the last
// word would never come to rest.
func (e *Enforcer) checkOutline(f nft.Foreign) {
	intact, err := e.Kernel.Intact()
	switch {
	case err != nil:
		e.broken, e.lookDue = true, e.hurry()
		e.health.kernelError(err)
		e.Log.Error("cannot look at the table", "err", err)
	case intact:
		e.broken = false
		e.sound()
	default:
		e.rebuildFor(causeChange, f)
	}
}

// sound says that the kernel answers, and has refused nothing that is wanted.
func (e *Enforcer) sound() {
	if len(e.pending) == 0 {
		e.health.kernelError(nil)
	}
}

func (e *Enforcer) rebuildFor(cause string, f nft.Foreign) {
	if err := e.rebuild(cause, f); err != nil {
		e.Log.Error("cannot rebuild the table: bans are not enforced", "err", err, "by", culprit(f))
	}
}

// rebuild makes the table again. The bans that were lost with it come back at
// once, or the latest of them where there are many and the others right after.
func (e *Enforcer) rebuild(cause string, f nft.Foreign) error {
	start := time.Now()
	a, err := e.ensure()
	if err != nil {
		return err
	}
	e.Meter.Healed(cause)
	lost := e.lostSets(a)
	e.Log.Warn("table rebuilt: another program had changed it", "cause", cause, "table", string(a.Outcome),
		"empty_sets", len(lost), "bans", e.ledger.len(), "by", culprit(f), "took", time.Since(start))
	e.backoff = backoff{} // what an unsound table refused is tried again at once
	if len(lost) > 0 {
		e.begin(&round{by: f, urgent: true, empty: lost})
	}
	return nil
}

// lostSets names the sets that are empty after Ensure and should not be.
func (e *Enforcer) lostSets(a nft.Adoption) map[string]bool {
	lost := map[string]bool{}
	for set, n := range e.ledger.sizes() {
		if n > 0 && a.Outcome == nft.Built {
			lost[set] = true
		}
	}
	for _, set := range a.Created {
		lost[set] = true
	}
	return lost
}

// repair brings back the bans that another program changed one by one.
func (e *Enforcer) repair(f nft.Foreign) {
	start := time.Now()
	d, err := e.compare(f.Bans)
	if err != nil {
		e.Log.Error("cannot compare the wanted bans with the kernel", "err", err)
		e.begin(&round{cause: causeUnban, by: f, urgent: true})
		return
	}
	if len(d.changes) == 0 || e.apply(d.changes) != nil {
		return
	}
	e.Meter.Healed(causeUnban)
	e.Log.Warn("bans restored: another program had changed them", "missing", d.missing, "wrong_end", d.wrongEnd,
		"by", culprit(f), "took", time.Since(start))
}
