package enforce

import (
	"time"

	"github.com/smtpbl/smtpbl/nft"
)

// endSlack is how far the kernel's end of a ban may lie from ours: the two
// are measured at different moments.
const endSlack = 2 * time.Second

// endsNow is how little of a ban must be left to let it end without looking:
// the kernel keeps whole ticks of up to 10 ms, and may have ended it already.
const endsNow = 20 * time.Millisecond

// difference is what the kernel holds otherwise than the ledger.
type difference struct {
	changes                     []nft.Change // that bring the kernel to what is wanted
	compared, missing, wrongEnd int
	empty                       map[string]int // sets in which many bans were looked for and none found, with how many
}

// emptyFrom is how many bans of a set must be missing, and none found, to take
// the set for emptied.
const emptyFrom = 64

// compare asks the kernel for bans and tells which of those that are wanted it
// lacks, or would end at another time. One that is about to end is left alone.
func (e *Enforcer) compare(keys []nft.Key) (difference, error) {
	if len(keys) == 0 {
		return difference{}, nil
	}
	asked := time.Now()
	bans, err := e.Kernel.Query(keys)
	if err != nil {
		return difference{}, err
	}
	now := time.Now()
	slack := endSlack + now.Sub(asked)
	stands := make(map[nft.Key]time.Time, len(bans))
	for i := range bans {
		stands[bans[i].Key()] = now.Add(bans[i].Remaining)
	}
	d := difference{empty: map[string]int{}}
	full := map[string]bool{}
	for _, k := range keys {
		r, wanted := e.ledger.get(k)
		left := r.Until.Sub(now)
		if !wanted || left <= endsNow {
			continue
		}
		d.compared++
		at, found := stands[k]
		full[k.Set()] = full[k.Set()] || found
		switch {
		case !found:
			d.missing++
			d.empty[k.Set()]++
		case left > endSlack && at.Sub(r.Until).Abs() > slack:
			d.wrongEnd++
		default:
			continue
		}
		d.changes = append(d.changes, nft.Change{Layer: k.Layer, Prefix: k.Prefix, Timeout: left})
	}
	for set, n := range d.empty {
		if full[set] || n < emptyFrom {
			delete(d.empty, set)
		}
	}
	return d, nil
}

// differing returns the changes that bring the kernel to what is wanted.
func (e *Enforcer) differing(now time.Time) ([]nft.Change, error) {
	keys := make([]nft.Key, 0, e.ledger.len())
	for r := range e.ledger.all() {
		if r.Active(now) && !e.isPending(r.Key()) {
			keys = append(keys, r.Key())
		}
	}
	d, err := e.compare(keys)
	return d.changes, err
}
