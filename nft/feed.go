package nft

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// rangesPerBatch is how many ranges of a feed one transaction adds, so that
	// other writers of the kernel's firewall wait less than 50 ms.
	rangesPerBatch = 5_000
	// longestBatch is when a transaction took too long. Kernels that copy all
	// of an interval set in each transaction that touches it (Linux 6.18.14
	// and later, nft_rbtree_commit) do so with sets beyond 100,000 ranges however
	// little is added. There, small pieces only make for more copies.
	longestBatch = 50 * time.Millisecond
	// growthPerBatch is the share of a large set that is added at a time then.
	growthPerBatch = 20
	// feedAttempts bounds how often a feed is begun again because the table
	// went away or was adopted meanwhile.
	feedAttempts = 3
)

// feedRanges is what a feed holds of each family, see familyIndex.
type feedRanges [2][]addrRange

// SetFeed replaces the addresses that are banned without an end because a list
// says so. Prefixes may overlap and may have any length; none empties the feed.
// Bans of other layers and the time they have left are not touched.
//
// The new list is put into sets that no rule looks into yet, in many
// transactions if it is long; then one transaction has the rules look into
// these sets and deletes the old ones. So each packet is judged by all of the
// old list or by all of the new one. Other methods that write can be called
// meanwhile and do not wait for more than one of those transactions.
//
// Before the first call the feed that an earlier run left is kept. After an
// error the old feed stands.
func (t *Table) SetFeed(prefixes []netip.Prefix) error {
	for _, p := range prefixes {
		if !p.IsValid() {
			return fmt.Errorf("set feed: %w: no prefix given", ErrPrefix)
		}
	}
	t.feedMu.Lock()
	defer t.feedMu.Unlock()
	return t.setFeed(byFamily(prefixes))
}

// setFeed begins again when the table was built anew while the sets were being
// filled, or adopted, which deletes them.
func (t *Table) setFeed(ranges feedRanges) error {
	var err error
	for range feedAttempts {
		if err = t.tryFeed(ranges); !errors.Is(err, ErrTableGone) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("set feed of %d and %d ranges: %w", len(ranges[0]), len(ranges[1]), err)
	}
	return nil
}

// tryFeed builds the sets that differ from those that stand and then turns the
// rules to them.
func (t *Table) tryFeed(ranges feedRanges) error {
	f, same, err := t.compareFeed(ranges)
	if err != nil {
		return err
	}
	next := f.feeds
	for i := range ranges {
		if same[i] {
			continue
		}
		next[i] = ""
		if len(ranges[i]) > 0 {
			next[i] = f.feeds.shadow(i)
			if err := t.buildFeed(f, i, ranges[i]); err != nil {
				return err
			}
		}
	}
	if same[0] && same[1] {
		return nil
	}
	return t.turn(next, ranges)
}

// compareFeed tells for each family whether what stands is what is wanted.
func (t *Table) compareFeed(ranges feedRanges) (f found, same [2]bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.kinds) == 0 { // the rules would be written without those for bans
		return f, same, fmt.Errorf("%w: call Ensure first", ErrTableGone)
	}
	if f, err = t.sock.find(t.cfg.Table); err != nil || t.filled == nil {
		return f, same, err
	}
	for i := range ranges {
		same[i] = slices.Equal(t.filled[i], ranges[i])
		if same[i] {
			if same[i], err = t.sock.holds(t.cfg.Table, f, i, ranges[i]); err != nil {
				return f, same, err
			}
		}
	}
	return f, same, nil
}

// buildFeed makes and fills the set that no rule looks into.
func (t *Table) buildFeed(f found, family int, ranges []addrRange) error {
	set := f.feeds.shadow(family)
	err := t.transaction(func(b *batch) error {
		if _, left := f.sets[set]; left {
			b.deleteSet(t.cfg.Table, set)
		}
		b.set(t.cfg.Table, feedSpec(family, set))
		return nil
	})
	size := rangesPerBatch
	for done := 0; done < len(ranges) && err == nil; {
		piece := ranges[done:min(done+size, len(ranges))]
		start := time.Now()
		err = t.transaction(func(b *batch) error {
			b.elements(unix.NFT_MSG_NEWSETELEM, create, t.cfg.Table, set, intervals(piece))
			return nil
		})
		done += len(piece)
		if time.Since(start) > longestBatch {
			size = max(size, done/growthPerBatch)
		}
	}
	if err != nil {
		return fmt.Errorf("fill set %s: %w", set, err)
	}
	return nil
}

// turn has the rules look into the sets of next, which hold the ranges, and
// deletes the others.
func (t *Table) turn(next feedSets, ranges feedRanges) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, err := t.sock.find(t.cfg.Table)
	if err != nil {
		return err
	}
	b := newBatch(t.sock.out)
	b.flushChain(t.cfg.Table, chainBlacklist)
	for _, r := range blacklistRules(t.kinds, next) {
		if err := b.rule(t.cfg.Table, chainBlacklist, r); err != nil {
			return err
		}
	}
	f.deleteFeeds(b, t.cfg.Table, next)
	if err := t.sock.commit(b); err != nil {
		return fmt.Errorf("turn rules to the new feed: %w", classify(err))
	}
	t.feeds, t.filled = next, &ranges
	return nil
}

// transaction commits one batch, between those of other writers.
func (t *Table) transaction(write func(*batch) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return net.ErrClosed
	}
	b := newBatch(t.sock.out)
	if err := write(b); err != nil {
		return err
	}
	return classify(t.sock.commit(b))
}
