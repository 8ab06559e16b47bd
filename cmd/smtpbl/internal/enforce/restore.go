package enforce

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

// dumpMax is the number of elements up to which the kernel's sets are dumped
// at start to find bans that the history does not know. A dump's cost grows
// with the square of the size; above this the history alone is the list, and
// what it does not know stays in the kernel until it times out.
const dumpMax = 50_000

// forever is how long a ban lasts that somebody else made without a timeout.
const forever = 10 * 365 * 24 * time.Hour

// Restore makes or adopts the table and brings back every ban of records that
// still runs, with the time it has left. Elements that the records do not
// know are kept: somebody put them there. It returns all bans that now stand.
func (e *Enforcer) Restore(records []store.Record, allow []netip.Prefix) ([]store.Record, error) {
	start := time.Now()
	for _, r := range e.prune(records, start) {
		if r.Active(start) {
			e.ledger.put(r)
		}
	}
	if e.Kernel == nil {
		e.publish()
		return e.Records(nil), nil
	}
	adoption, err := e.Kernel.Ensure()
	if err != nil {
		return nil, err
	}
	if err := e.Allow(allow); err != nil {
		return nil, err
	}
	if adoption.Outcome != nft.Built {
		if err := e.adoptUnknown(start); err != nil {
			return nil, err
		}
	}
	if err := e.reconcile(start, adoption.Outcome == nft.Built); err != nil {
		return nil, err
	}
	e.publish()
	e.Log.Info("table ready", "table", string(adoption.Outcome), "protected", adoption.Protected, "bans", e.ledger.len(), "took", time.Since(start).Round(time.Microsecond))
	return e.Records(nil), nil
}

// adoptUnknown takes bans into the ledger that stand in the kernel only, and
// the later end of those that stand longer there.
func (e *Enforcer) adoptUnknown(now time.Time) error {
	counts, err := e.Kernel.Count()
	if err != nil {
		return fmt.Errorf("count the bans that stand: %w", err)
	}
	for set, n := range counts {
		if n > dumpMax {
			e.Log.Warn("too many bans in the kernel to list them all: those that the history does not know end by themselves", "set", set, "bans", n)
			return nil
		}
	}
	bans, err := e.Kernel.Bans()
	if err != nil {
		return fmt.Errorf("read the bans that stand: %w", err)
	}
	var found []store.Record
	for i := range bans {
		b := &bans[i]
		if b.Timeout == 0 {
			b.Timeout, b.Remaining = forever, forever
		}
		until := now.Add(b.Remaining)
		r, known := e.ledger.get(b.Key())
		switch {
		case !known:
			r = store.Record{
				Layer: b.Layer, Prefix: b.Prefix, Rule: policy.RuleManual, Step: stepOf(b.Prefix),
				At: until.Add(-b.Timeout), Until: until, Reason: "found in the kernel",
			}
			found = append(found, r)
		case until.After(r.Until.Add(endSlack)):
			r.Until = until
			found = append(found, r)
		default:
			continue
		}
		e.ledger.put(r)
	}
	e.saver.put(found)
	return nil
}

// reconcile adds what the kernel lacks, which is everything where the table
// is new.
func (e *Enforcer) reconcile(now time.Time, built bool) error {
	missing, err := e.wanted(now), error(nil)
	if !built {
		missing, err = e.differing(now)
	}
	if err != nil {
		return fmt.Errorf("compare the history with the kernel: %w", err)
	}
	if err := e.apply(missing); err != nil {
		return fmt.Errorf("restore %d bans: %w", len(missing), err)
	}
	e.health.compared(time.Now(), 0)
	return nil
}

// Allow replaces the addresses that the kernel lets pass whatever the bans
// say.
func (e *Enforcer) Allow(prefixes []netip.Prefix) error {
	if e.Kernel == nil {
		return nil
	}
	if err := e.Kernel.SetAllow(prefixes); err != nil {
		return fmt.Errorf("set the addresses that are never banned: %w", err)
	}
	if e.Sessions == nil {
		return nil
	}
	return e.Sessions.SetAllow(prefixes)
}

var _ Kernel = (*nft.Table)(nil)
