package main

import "github.com/smtpbl/smtpbl/nft"

// The names of ways that other tables refer to.
const (
	nameOwn   = "smtpbl"
	nameFeed  = "smtpbl, loaded as a feed"
	nameNFT   = "nft, hash set"
	nameIPSet = "ipset, iptables-legacy"
)

// ways lists who is compared, smtpbl first. iptables reads and writes all rules
// for each one, and nft the whole of an interval set, so that they are asked
// for less.
func ways(o options) []*way {
	return []*way{
		ownWay(nameOwn, ownSetup{hook: nft.HookPrerouting}),
		ownWay("smtpbl, no element counters", ownSetup{hook: nft.HookPrerouting, plain: true}),
		ownWay(nameFeed, ownSetup{hook: nft.HookPrerouting, feed: true}),
		nftWay(nameNFT, "timeout"),
		intervalWay(o),
		ipsetWay(nameIPSet, toolLegacy),
		rulesWay("iptables-legacy, a rule each", toolLegacy, toolLegacyRestore, o.maxRules),
		rulesWay("iptables-nft, a rule each", toolIPTables, toolIPTablesRestore, o.maxRules),
	}
}

// variants are further ways that only packets are sent to.
func variants() []*way {
	pre, input := ownSetup{hook: nft.HookPrerouting}, ownSetup{hook: nft.HookInput}
	return []*way{
		ownWay("smtpbl, hook input", input),
		ufwWay(),
		layeredWay(),
		allPortsWay(),
		ipsetWay("ipset, iptables-nft", toolIPTables),
		conntracked(ownWay("smtpbl, with conntrack", pre)),
		conntracked(ownWay("smtpbl, hook input, with conntrack", input)),
		conntracked(ipsetWay("ipset, iptables-legacy, with conntrack", toolLegacy)),
	}
}

// conntracked makes packets go through connection tracking too, as they do
// wherever a rule asks for their state.
func conntracked(w *way) *way {
	w.conntrack = true
	return w
}
