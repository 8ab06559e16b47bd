package nft

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// feedNames are the sets that can hold a feed, by family: two each, so that one
// can be filled while the rules look into the other.
var feedNames = [2][2]string{{"feed4_a", "feed4_b"}, {"feed6_a", "feed6_b"}}

// feedSets are the sets that the rules look into, by family; empty where there
// is no feed.
type feedSets [2]string

// shadow returns the set of a family that no rule looks into.
func (s feedSets) shadow(family int) string {
	names := feedNames[family]
	if s[family] == names[0] {
		return names[1]
	}
	return names[0]
}

// count returns the number of sets, which is that of their rules.
func (s feedSets) count() int {
	n := 0
	for _, name := range s {
		if name != "" {
			n++
		}
	}
	return n
}

// feedKind is the kind of a family's feed: its counter, and the whole address
// as key.
func feedKind(family int) kind {
	if family == 0 {
		return kind{layer: LayerFeed, bits: 32}
	}
	return kind{layer: LayerFeed, v6: true, bits: 128}
}

// feedSpec declares a set for a feed.
func feedSpec(family int, name string) setSpec {
	allow := plainSpecs()[1+family]
	allow.name = name
	return allow
}

// feedRules look the source up in the feeds:
//
//	ip saddr @feed4_a counter name dropped4_feed goto smtp-blacklist-log
func feedRules(feeds feedSets) []rule {
	var rules []rule
	for family, set := range feeds {
		if set != "" {
			rules = append(rules, dropRule(feedKind(family), set))
		}
	}
	return rules
}

// deleteSet appends the removal of a set that no rule looks into.
func (b *batch) deleteSet(table, name string) {
	b.message(unix.NFT_MSG_DELSET, 0)
	b.str(unix.NFTA_SET_TABLE, table)
	b.str(unix.NFTA_SET_NAME, name)
	b.seal()
}

// deleteFeeds appends the removal of all sets for feeds but those to keep: the
// old ones, and what a process left that ended while it filled them.
func (f found) deleteFeeds(b *batch, table string, keep feedSets) {
	for family, names := range feedNames {
		for _, name := range names {
			if _, ok := f.sets[name]; ok && name != keep[family] {
				b.deleteSet(table, name)
			}
		}
	}
}

// hasFeeds tells whether there is any set for feeds.
func (f found) hasFeeds() bool {
	return slices.ContainsFunc(slices.Concat(feedNames[0][:], feedNames[1][:]), func(name string) bool {
		_, ok := f.sets[name]
		return ok
	})
}

// holds tells whether the set of a family has the ranges that were put into it:
// by their number where the kernel tells it, otherwise by whether the first one
// is there, because what damages a set from outside empties or deletes it.
func (s *socket) holds(table string, f found, family int, ranges []addrRange) (bool, error) {
	set, ok := f.sets[f.feeds[family]]
	switch {
	case len(ranges) == 0 || !ok:
		return ok == (len(ranges) > 0), nil
	case set.counts:
		return int(set.count) == pairs(ranges), nil
	}
	_, ok, err := s.bound(table, set.spec.name, element{key: addrKey(ranges[0].first)})
	return ok, err
}

// holdsAll tells whether both families have their ranges.
func (s *socket) holdsAll(table string, f found, ranges feedRanges) (bool, error) {
	for family := range ranges {
		if ok, err := s.holds(table, f, family, ranges[family]); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// pairs is the number of elements that the kernel tells for an interval set:
// that of pairs of bounds, rounded down (nft_rbtree_usize). A range that reaches
// to the last address has only one bound.
func pairs(ranges []addrRange) int {
	n := len(ranges)
	if n > 0 && !ranges[n-1].last.Next().IsValid() {
		n--
	}
	return n
}

// findFeeds reads which sets for feeds the rules look into.
func (s *socket) findFeeds(table string) (feedSets, error) {
	var feeds feedSets
	err := uninterrupted(func() error {
		feeds = feedSets{}
		return s.dump(unix.NFT_MSG_GETRULE, func(e *encoder) {
			e.str(unix.NFTA_RULE_TABLE, table)
			e.str(unix.NFTA_RULE_CHAIN, chainBlacklist)
		}, func(b []byte) {
			for _, expression := range attrs(attr(b, unix.NFTA_RULE_EXPRESSIONS)) {
				feeds.note(lookedUp(expression))
			}
		})
	})
	if err != nil {
		return feeds, fmt.Errorf("read rules of chain %s: %w", chainBlacklist, classify(err))
	}
	return feeds, nil
}

// note takes the name of a set that a rule looks into.
func (s *feedSets) note(set string) {
	for family, names := range feedNames {
		if slices.Contains(names[:], set) {
			s[family] = set
		}
	}
}

// lookedUp returns the set that an expression looks into, or nothing.
func lookedUp(expression []byte) string {
	if readString(attr(expression, unix.NFTA_EXPR_NAME)) != "lookup" {
		return ""
	}
	return readString(attr(attr(expression, unix.NFTA_EXPR_DATA), unix.NFTA_LOOKUP_SET))
}
