package enforce

import (
	"fmt"
	"maps"
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// Pardons is what the Enforcer needs of store.Store to remember who was let in
// by hand for a while.
type Pardons interface {
	// Pardons returns the ends of those that are written.
	Pardons() (map[netip.Prefix]time.Time, error)
	// PutPardons writes ends; a zero one takes the pardon out.
	PutPardons(ends map[netip.Prefix]time.Time) error
}

// maxPardons bounds how many pardons there are at a time: all of them are told
// to the kernel with each change of one.
const maxPardons = 10_000

// errPardons says that there are too many.
var errPardons = fmt.Errorf("more than %d pardons at a time", maxPardons)

// Pardoned returns the pardons that run, with their ends; for a Work's Do, or
// before Run.
func (e *Enforcer) Pardoned() map[netip.Prefix]time.Time { return maps.Clone(e.pardons) }

// recallPardons reads the pardons that still run.
func (e *Enforcer) recallPardons(now time.Time) {
	if e.Pardons == nil {
		return
	}
	known, err := e.Pardons.Pardons()
	if err != nil {
		e.Log.Error("cannot read all pardons", "err", err)
	}
	over := map[netip.Prefix]time.Time{}
	for p, until := range known {
		if until.After(now) {
			e.pardons[p] = until
		} else {
			over[p] = time.Time{}
		}
	}
	e.noteNextPardon()
	e.saver.putPardons(over)
}

// pardon keeps prefixes unbanned until until: none of them if the kernel
// refuses.
func (e *Enforcer) pardon(prefixes []netip.Prefix, until time.Time) error {
	before := maps.Clone(e.pardons)
	ends := map[netip.Prefix]time.Time{}
	for _, p := range prefixes {
		e.pardons[p], ends[p] = until, until
	}
	err := errPardons
	if len(e.pardons) <= maxPardons {
		err = e.letThrough()
	}
	if err != nil {
		e.pardons = before
		return err
	}
	e.noteNextPardon()
	e.saver.putPardons(ends)
	for _, p := range prefixes[:min(len(prefixes), namedByHand)] {
		e.Log.Info("pardoned by hand", "addr", Addr(p), "until", until.Format(time.RFC3339))
	}
	return nil
}

// isPardoned tells whether a pardon covers p.
func (e *Enforcer) isPardoned(p netip.Prefix) bool {
	if len(e.pardons) == 0 {
		return false
	}
	for bits := p.Bits(); bits >= 0; bits-- {
		if _, pardoned := e.pardons[netip.PrefixFrom(p.Addr(), bits).Masked()]; pardoned {
			return true
		}
	}
	return false
}

// refuse makes no ban of a decision on somebody pardoned, and tells the Engine.
// The Engine goes by the times of lines: for one whose stamp is ahead of time
// the pardon is over.
func (e *Enforcer) refuse(d *policy.Decision) {
	d.Refusal = policy.RefusedPardon
	if e.GaveWay != nil {
		e.GaveWay(d.Prefix)
	}
}

// unpardon ends the pardons that would keep bans of the prefixes from having
// effect: those of the same prefix or a wider one. A narrower one goes on: who
// bans a net has not spoken of the one he pardoned in it. It returns the prefixes
// of those that have ended.
func (e *Enforcer) unpardon(prefixes []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	lengths := map[int]struct{}{}
	for q := range e.pardons {
		lengths[q.Bits()] = struct{}{}
	}
	for _, p := range prefixes {
		for bits := range lengths {
			if bits > p.Bits() {
				continue
			}
			q := netip.PrefixFrom(p.Addr(), bits).Masked()
			if _, pardoned := e.pardons[q]; pardoned {
				delete(e.pardons, q)
				out = append(out, q)
			}
		}
	}
	e.endPardons(out, "banned by hand")
	return out
}

// expirePardons ends those whose time is over.
func (e *Enforcer) expirePardons(now time.Time) {
	if !e.nextPardon.IsZero() && !now.Before(e.nextPardon) {
		var over []netip.Prefix
		for p, until := range e.pardons {
			if !until.After(now) {
				delete(e.pardons, p)
				over = append(over, p)
			}
		}
		e.endPardons(over, "its time is over")
	}
	if e.allowDue.IsZero() || now.Before(e.allowDue) {
		return
	}
	e.tellAllow()
}

// endPardons tells history and kernel of pardons that were taken out.
func (e *Enforcer) endPardons(over []netip.Prefix, because string) {
	if len(over) == 0 {
		return
	}
	ends := map[netip.Prefix]time.Time{}
	for _, p := range over {
		ends[p] = time.Time{}
		e.Log.Info("pardon ended", "addr", Addr(p), "because", because)
	}
	e.noteNextPardon()
	e.saver.putPardons(ends)
	e.tellAllow()
}

// tellAllow tells the kernel who passes. Where it refuses, it is tried again.
func (e *Enforcer) tellAllow() {
	e.allowDue = time.Time{}
	if err := e.letThrough(); err != nil {
		e.allowDue = time.Now().Add(allowRetry)
		e.Log.Error("cannot tell the kernel who passes", "err", err, "retry_in", allowRetry)
	}
}

// allowRetry spaces attempts to tell the kernel who passes.
const allowRetry = 5 * time.Second

// noteNextPardon finds out when the next pardon ends.
func (e *Enforcer) noteNextPardon() {
	e.nextPardon = time.Time{}
	for _, until := range e.pardons {
		if e.nextPardon.IsZero() || until.Before(e.nextPardon) {
			e.nextPardon = until
		}
	}
}
