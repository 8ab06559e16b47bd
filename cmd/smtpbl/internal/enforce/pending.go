package enforce

import (
	"time"

	"github.com/smtpbl/smtpbl/nft"
)

// postpone remembers those of the changes that did not take effect: the kernel
// is asked, because a call that failed may have failed in part.
func (e *Enforcer) postpone(changes []nft.Change, err error) {
	left, known := e.standingFor(changes)
	for _, c := range changes {
		if known && tookEffect(&c, left) {
			delete(e.pending, c.Key())
		} else {
			e.pending[c.Key()] = c
		}
	}
	e.backoff.fail(time.Now())
	e.health.kernelError(err)
	e.Log.Error("kernel refused bans", "bans", len(e.pending), "err", err, "retry_in", e.backoff.wait)
}

// standingFor tells how long the bans that changes name go on in the kernel,
// where it can be asked.
func (e *Enforcer) standingFor(changes []nft.Change) (left map[nft.Key]time.Duration, known bool) {
	keys := make([]nft.Key, 0, len(changes))
	for _, c := range changes {
		keys = append(keys, c.Key())
	}
	bans, err := e.Kernel.Query(keys)
	if err != nil {
		return nil, false
	}
	left = make(map[nft.Key]time.Duration, len(bans))
	for i := range bans {
		left[bans[i].Key()] = remaining(&bans[i])
	}
	return left, true
}

// tookEffect tells whether what stands is what the change wants. A ban that was
// to be made longer stands in any case.
func tookEffect(c *nft.Change, left map[nft.Key]time.Duration) bool {
	d, stands := left[c.Key()]
	if c.Remove {
		return !stands
	}
	return stands && d >= c.Timeout-endSlack
}

// retryPending tries again what the kernel refused, as long as it is wanted.
func (e *Enforcer) retryPending(now time.Time) {
	if len(e.pending) == 0 || !e.backoff.due(now) {
		return
	}
	var changes []nft.Change
	for k, c := range e.pending {
		r, wanted := e.ledger.get(k)
		switch {
		case !wanted && c.Remove:
			changes = append(changes, c)
		case wanted && r.Active(now):
			changes = append(changes, nft.Change{Layer: k.Layer, Prefix: k.Prefix, Timeout: r.Until.Sub(now)})
		}
	}
	e.pending = map[nft.Key]nft.Change{}
	if e.apply(changes) == nil {
		e.backoff = backoff{}
		e.health.kernelError(nil)
	}
	e.reportLate(changes)
}

// reportLate says which of the postponed bans are in force now.
func (e *Enforcer) reportLate(changes []nft.Change) {
	for _, c := range changes {
		r, wanted := e.ledger.get(c.Key())
		if !wanted || c.Remove || e.isPending(c.Key()) {
			continue
		}
		e.Meter.Banned(r.Rule, r.Step)
		e.killer.add(r.Layer, r.Prefix)
		e.log("addr", Addr(c.Prefix), "reason", r.Reason, "until", r.Until.Format(time.RFC3339), "late", true)
	}
}

func (e *Enforcer) isPending(k nft.Key) bool {
	_, ok := e.pending[k]
	return ok
}
