package enforce

import (
	"errors"
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

const (
	// lookEvery is how often the Enforcer looks whether its table still
	// stands (one request of some 15 µs) and whether something is to retry.
	lookEvery = time.Second
	// checkEvery is how often every wanted ban is compared with the kernel,
	// by key (about 4 µs each).
	checkEvery = time.Minute
	// checkShare bounds the comparison to this share of the time.
	checkShare = 100
)

// backoff spaces repeated attempts at what failed.
type backoff struct {
	wait time.Duration
	next time.Time
}

func (b *backoff) fail(now time.Time) {
	b.wait = min(max(2*b.wait, time.Second), time.Minute)
	b.next = now.Add(b.wait)
}

func (b *backoff) due(now time.Time) bool { return !now.Before(b.next) }

func isGone(err error) bool { return errors.Is(err, nft.ErrTableGone) }

// look is the Enforcer's regular round: expire, heal, retry, compare.
func (e *Enforcer) look(now time.Time) {
	for range e.ledger.expire(now) {
		e.Meter.Unbanned("expired")
	}
	if e.Kernel != nil {
		e.heal()
		e.retryPending(now)
		if !now.Before(e.checkDue) {
			e.compare(now)
		}
	}
	e.publish()
}

// heal rebuilds the table where somebody deleted or changed it.
func (e *Enforcer) heal() {
	intact, err := e.Kernel.Intact()
	if err != nil {
		e.health.kernelError(err)
		e.Log.Error("cannot look at the table", "err", err)
		return
	}
	if intact {
		return
	}
	if err := e.rebuild("foreign_change"); err != nil {
		e.Log.Error("cannot rebuild the table: bans are not enforced", "err", err)
	}
}

// rebuild makes the table again and brings every wanted ban back.
func (e *Enforcer) rebuild(cause string) error {
	start := time.Now()
	if _, err := e.Kernel.Ensure(); err != nil {
		e.health.kernelError(err)
		return err
	}
	e.pending = map[nft.Key]nft.Change{}
	changes := e.wanted(time.Now())
	if err := e.Kernel.Apply(changes); err != nil {
		e.postpone(changes, err)
		return err
	}
	e.Meter.Healed(cause)
	e.health.kernelError(nil)
	e.Log.Warn("table rebuilt: another program had changed it", "cause", cause, "bans", len(changes), "took", time.Since(start))
	return nil
}

func (e *Enforcer) wanted(now time.Time) []nft.Change {
	changes := make([]nft.Change, 0, e.ledger.len())
	for r := range e.ledger.all() {
		if r.Active(now) {
			changes = append(changes, nft.Change{Layer: r.Layer, Prefix: r.Prefix, Timeout: r.Until.Sub(now)})
		}
	}
	return changes
}

// retryPending tries again what the kernel refused, as long as it is wanted.
func (e *Enforcer) retryPending(now time.Time) {
	if len(e.pending) == 0 || !e.backoff.due(now) {
		return
	}
	var changes []nft.Change
	for k, c := range e.pending {
		r, ok := e.ledger.get(k)
		switch {
		case c.Remove:
			changes = append(changes, c)
		case ok && r.Active(now):
			changes = append(changes, nft.Change{Layer: k.Layer, Prefix: k.Prefix, Timeout: r.Until.Sub(now)})
		}
	}
	e.pending = map[nft.Key]nft.Change{}
	if e.apply(changes) == nil {
		e.backoff = backoff{}
		e.health.kernelError(nil)
		e.reportLate(changes)
	}
}

// reportLate says that postponed bans are in force now.
func (e *Enforcer) reportLate(changes []nft.Change) {
	for _, c := range changes {
		if r, ok := e.ledger.get(c.Key()); ok && !c.Remove {
			e.Meter.Banned(r.Rule, r.Step)
			e.log("addr", Addr(c.Prefix), "reason", r.Reason, "until", r.Until.Format(time.RFC3339), "late", true)
		}
	}
}

// endSlack is how far the kernel's end of a ban may lie from ours: the two
// are measured at different moments.
const endSlack = 2 * time.Second

// compare asks the kernel for every wanted ban and repairs what differs.
func (e *Enforcer) compare(now time.Time) {
	start := time.Now()
	missing, err := e.differing(now)
	took := time.Since(start)
	e.checkDue = now.Add(max(checkEvery, checkShare*took))
	if err != nil {
		e.health.kernelError(err)
		e.Log.Error("cannot compare the wanted bans with the kernel", "err", err)
		return
	}
	e.health.compared(time.Now(), len(missing))
	if len(missing) == 0 {
		return
	}
	e.Log.Warn("kernel lacked wanted bans", "bans", len(missing))
	if e.apply(missing) == nil {
		e.Meter.Healed("drift")
		e.health.compared(time.Now(), 0)
	}
}

// differing returns the changes that bring the kernel to what is wanted. A
// ban about to end, or one waiting to be retried, is left alone.
func (e *Enforcer) differing(now time.Time) ([]nft.Change, error) {
	var keys []nft.Key
	for r := range e.ledger.all() {
		if r.Until.Sub(now) > endSlack && !e.isPending(r.Key()) {
			keys = append(keys, r.Key())
		}
	}
	bans, err := e.Kernel.Query(keys)
	if err != nil {
		return nil, err
	}
	now = time.Now()
	stands := make(map[nft.Key]time.Time, len(bans))
	for i := range bans {
		stands[bans[i].Key()] = now.Add(bans[i].Remaining)
	}
	var out []nft.Change
	for _, k := range keys {
		r, _ := e.ledger.get(k)
		if at, ok := stands[k]; ok && at.Sub(r.Until).Abs() <= endSlack+time.Since(now) {
			continue
		}
		if left := r.Until.Sub(now); left > endSlack {
			out = append(out, nft.Change{Layer: k.Layer, Prefix: k.Prefix, Timeout: left})
		}
	}
	return out, nil
}

// Records returns the wanted bans, or those of the given prefixes alone, in
// all layers; for a Work's Do.
func (e *Enforcer) Records(only []netip.Prefix) []store.Record {
	out := make([]store.Record, 0, e.ledger.len())
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
	for r := range e.ledger.all() {
		out = append(out, r)
	}
	return out
}
