package nft

import "slices"

// Intact tells whether the table stands as Ensure left it: its sets, its
// chains, the rules in each, the hook, the ports, what is allowed, the
// protection, the feed. It reads no bans and costs the same at any number of
// them.
func (t *Table) Intact() (bool, error) {
	t.mu.Lock()
	kinds, feeds, filled, owner := slices.Clone(t.kinds), t.feeds, t.filled, t.sock.port()
	allow, legible := t.allow, t.legible
	if t.refeeding {
		filled = nil
	}
	t.mu.Unlock()
	t.Reader.mu.Lock()
	defer t.Reader.mu.Unlock()
	f, err := t.Reader.sock.find(t.cfg.Table)
	if err != nil {
		return false, err
	}
	protected := !t.protects() || f.owner == owner
	awake := f.flags&tableDormant == 0
	intact := f.exists && protected && awake && len(kinds) > 0 &&
		f.feeds == feeds && f.chainsAre(t.cfg, kinds, feeds) && t.setsAre(f, kinds)
	if intact && legible {
		intact, err = t.Reader.sock.rulesAre(t.cfg.Table, ruleset(t.cfg, kinds, feeds))
	}
	if err == nil && intact {
		intact, err = t.Reader.sock.plainSetsAre(t.cfg.Table, f, t.cfg.Ports, allow)
	}
	if err != nil || !intact || filled == nil {
		return intact, err
	}
	return t.Reader.sock.holdsAll(t.cfg.Table, f, *filled)
}

// chainsAre compares the chains. The kernel counts, as uses of a chain, the
// rules in it and the jumps to it.
func (f found) chainsAre(cfg Config, kinds []kind, feeds feedSets) bool {
	rules := ruleset(cfg, kinds, feeds)
	// All rules of the hook but that for loopback lead to the look-up.
	jumps := map[string]int{chainBlacklist: len(rules[chainHook]) - 1, chainLog: len(kinds) + feeds.count()}
	for _, spec := range chainSpecs(cfg.Hook) {
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
