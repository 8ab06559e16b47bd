package enforce

import (
	"fmt"
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

// adopt compares a table that stands with the ledger, both ways: what the
// kernel lacks is added, and what the ledger lacks is taken over.
func (e *Enforcer) adopt(now time.Time, tell func(*store.Record)) error {
	standing, err := e.confirm(tell)
	if err != nil {
		return fmt.Errorf("compare the history with the kernel: %w", err)
	}
	unknown, err := e.anyUnknown(standing)
	if err != nil || !unknown {
		return err
	}
	return e.adoptUnknown(now, tell)
}

// confirm asks the kernel for each ban of the ledger and adds what is missing
// or ends too early. Where the kernel has the later end, the ledger takes it.
// It returns how many bans of the ledger stood, by set.
func (e *Enforcer) confirm(tell func(*store.Record)) (map[string]int, error) {
	standing := map[string]int{}
	keys := make([]nft.Key, 0, loadChunk)
	flush := func() error {
		err := e.confirmSome(keys, standing, tell)
		keys = keys[:0]
		return err
	}
	for r := range e.ledger.all() {
		if keys = append(keys, r.Key()); len(keys) == loadChunk {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	return standing, flush()
}

func (e *Enforcer) confirmSome(keys []nft.Key, standing map[string]int, tell func(*store.Record)) error {
	if len(keys) == 0 {
		return nil
	}
	bans, err := e.Kernel.Query(keys)
	if err != nil {
		return err
	}
	now := time.Now()
	ends := make(map[nft.Key]time.Time, len(bans))
	for i := range bans {
		standing[bans[i].Set]++
		ends[bans[i].Key()] = now.Add(remaining(&bans[i]))
	}
	var missing []nft.Change
	var longer []store.Record
	for _, k := range keys {
		r, _ := e.ledger.get(k)
		end, stands := ends[k]
		switch {
		case stands && end.After(r.Until.Add(endSlack)):
			r.Until = end
			e.ledger.put(r)
			longer = append(longer, r)
			tell(&r)
		case (!stands || end.Before(r.Until.Add(-endSlack))) && r.Active(now):
			missing = append(missing, nft.Change{Layer: k.Layer, Prefix: k.Prefix, Timeout: r.Until.Sub(now)})
		}
	}
	e.save(longer)
	if err := e.apply(missing); err != nil {
		return fmt.Errorf("restore %d bans: %w", len(missing), err)
	}
	return nil
}

// remaining is how long a ban goes on.
func remaining(b *nft.Ban) time.Duration {
	if b.Timeout == 0 {
		return forever
	}
	return b.Remaining
}

// anyUnknown tells whether bans that the ledger does not explain are to be
// looked for: none are where each set has as many elements as bans of the
// ledger stood in it. Ended elements that the kernel has not collected yet
// count too, so that it can say yes for nothing, but never no for something.
// A kernel before 6.16 does not count, and always has to be asked.
func (e *Enforcer) anyUnknown(standing map[string]int) (bool, error) {
	counts, err := e.Kernel.Count()
	if err != nil {
		return false, fmt.Errorf("count the bans that stand: %w", err)
	}
	unknown, largest := counts == nil, 0
	for _, n := range standing {
		largest = max(largest, n)
	}
	for set, n := range counts {
		if isFeed(set) {
			continue
		}
		unknown = unknown || n != standing[set]
		largest = max(largest, n)
	}
	if unknown && largest > dumpMax {
		e.Log.Warn("too many bans in the kernel to list them all: those that the history does not know end by themselves", "bans", largest)
		return false, nil
	}
	return unknown, nil
}

// isFeed tells whether a set is counted beside those of bans, see nft.Reader.Count.
func isFeed(set string) bool { return set == "feed4" || set == "feed6" }

// adoptUnknown takes bans into the ledger that stand in the kernel only.
func (e *Enforcer) adoptUnknown(now time.Time, tell func(*store.Record)) error {
	bans, err := e.Kernel.Bans()
	if err != nil {
		return fmt.Errorf("read the bans that stand: %w", err)
	}
	var found []store.Record
	for i := range bans {
		if _, known := e.ledger.get(bans[i].Key()); known {
			continue
		}
		r, err := e.foundling(&bans[i], now)
		if err != nil {
			return err
		}
		e.ledger.put(r)
		tell(&r)
		found = append(found, r)
	}
	e.save(found)
	return nil
}

// foundling makes a record of a ban that stands in the kernel only. Where the
// history has it as ended, its count goes on.
func (e *Enforcer) foundling(b *nft.Ban, now time.Time) (store.Record, error) {
	until := now.Add(remaining(b))
	if e.History != nil {
		r, ok, err := e.History.Get(b.Key())
		if err != nil {
			return r, fmt.Errorf("read the history of %s: %w", b.Prefix, err)
		}
		if r.Until = until; ok {
			return r, nil
		}
	}
	return store.Record{
		Layer: b.Layer, Prefix: b.Prefix, Rule: policy.RuleManual, Step: stepOf(b.Layer, b.Prefix),
		At: until.Add(-max(b.Timeout, remaining(b))), Until: until, Reason: "found in the kernel",
	}, nil
}
