package main

import "github.com/smtpbl/smtpbl/nft"

// The names of ways that other tables refer to.
const (
	nameOwn   = "smtpbl"
	nameNFT   = "nft, hash set"
	nameIPSet = "ipset, iptables-legacy"
)

// ways lists who is compared, smtpbl first. iptables reads and writes all rules
// for each one, and nft the whole of an interval set, so that they are asked
// for less.
func ways(o options) []*way {
	return []*way{
		ownWay(nameOwn, nft.HookPrerouting, true),
		ownWay("smtpbl, no element counters", nft.HookPrerouting, false),
		nftWay(nameNFT, "timeout"),
		intervalWay(o),
		ipsetWay(nameIPSet, toolLegacy),
		rulesWay("iptables-legacy, a rule each", toolLegacy, toolLegacyRestore, o.maxRules),
		rulesWay("iptables-nft, a rule each", toolIPTables, toolIPTablesRestore, o.maxRules),
	}
}

// variants are further ways that only packets are sent to.
func variants() []*way {
	list := []*way{
		ownWay("smtpbl, hook input", nft.HookInput, true),
		ipsetWay("ipset, iptables-nft", toolIPTables),
		conntracked(ownWay("smtpbl, with conntrack", nft.HookPrerouting, true)),
		conntracked(ownWay("smtpbl, hook input, with conntrack", nft.HookInput, true)),
		conntracked(ipsetWay("ipset, iptables-legacy, with conntrack", toolLegacy)),
		layeredWay(),
	}
	return list
}

// conntracked makes packets go through connection tracking too, as they do
// wherever a rule asks for their state.
func conntracked(w *way) *way {
	w.conntrack = true
	return w
}
