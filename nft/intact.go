package nft

import (
	"net/netip"
	"slices"
)

// Intact tells whether the table stands as Ensure left it: its sets, its
// chains, the rules in each, the hook, the ports, what is allowed, the
// protection, the feed. It reads no bans and costs the same at any number of
// them.
func (t *Table) Intact() (bool, error) {
	for {
		want := t.expected()
		intact, err := t.meets(want)
		if err != nil || intact || want.equals(t.expected()) {
			return intact, err
		}
		// Another goroutine changed the table just then, with our means.
	}
}

// expectation is what the table should be, without the bans.
type expectation struct {
	kinds   []kind
	feeds   feedSets
	filled  *feedRanges // nil: what is in the feeds does not matter
	allow   []netip.Prefix
	legible bool
}

// expected is what the last calls made of the table.
func (t *Table) expected() expectation {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := expectation{kinds: slices.Clone(t.kinds), feeds: t.feeds, filled: t.filled, allow: t.allow, legible: t.legible}
	if t.refeeds > 0 {
		e.filled = nil
	}
	return e
}

func (e expectation) equals(other expectation) bool {
	return slices.Equal(e.kinds, other.kinds) && e.feeds == other.feeds && e.filled == other.filled &&
		slices.Equal(e.allow, other.allow) && e.legible == other.legible
}

// meets tells whether what stands is what is expected.
func (t *Table) meets(want expectation) (bool, error) {
	t.Reader.mu.Lock()
	defer t.Reader.mu.Unlock()
	s, table := t.Reader.sock, t.cfg.Table
	f, err := s.find(table)
	if err != nil {
		return false, err
	}
	protected := !t.protects() || f.owner == t.sock.port()
	awake := f.flags&tableDormant == 0
	intact := f.exists && protected && awake && len(want.kinds) > 0 &&
		f.feeds == want.feeds && f.chainsAre(t.cfg, want.kinds, want.feeds) && t.setsAre(f, want.kinds)
	if intact && want.legible {
		intact, err = s.rulesAre(table, ruleset(t.cfg, want.kinds, want.feeds))
	}
	if err == nil && intact {
		intact, err = s.plainSetsAre(table, f, t.cfg.Ports, want.allow)
	}
	if err != nil || !intact || want.filled == nil {
		return intact, err
	}
	return s.holdsAll(table, f, *want.filled)
}

// chainsAre compares the chains. The kernel counts, as uses of a chain, the
// rules in it and the jumps to it.
func (f found) chainsAre(cfg Config, kinds []kind, feeds feedSets) bool {
	rules, everywhere := ruleset(cfg, kinds, feeds), banEverywhere(kinds)
	// All rules of the hook but that for loopback lead to a look-up.
	jumps := map[string]int{chainBlacklist: len(rules[chainHook]) - 1, chainLog: len(kinds) + feeds.count()}
	if everywhere {
		jumps[chainBlacklist]--
		jumps[chainAll] = 1
	}
	for _, spec := range chainSpecs(cfg.Hook, everywhere) {
		uses := len(rules[spec.name]) + jumps[spec.name]
		want := foundChain{spec: spec, uses: uint32(uses)}
		if spec.base {
			want.policy = verdictAccept
		}
		if f.chains[spec.name] != want {
			return false
		}
	}
	return true
}

func (t *Table) setsAre(f found, kinds []kind) bool {
	for _, k := range kinds {
		if _, ok := f.sets[k.set()]; !ok {
			return false
		}
	}
	for _, spec := range plainSpecs() {
		if _, ok := f.sets[spec.name]; !ok {
			return false
		}
	}
	return f.incompatible() == nil && t.fits(f)
}
