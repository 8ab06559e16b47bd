package main

import "strings"

// nftWay is the smallest table that does for one set what smtpbl's does.
func nftWay(name, flags string) *way {
	const build = `nft add table inet t
nft add set inet t ban { type ipv4_addr; flags FLAGS; }
nft add chain inet t c { type filter hook prerouting priority -300; }
nft add rule inet t c tcp dport { 25, 465, 587 } ip saddr @ban drop`
	w := toolWay(name, toolNFT, strings.ReplaceAll(build, "FLAGS", flags), toolGuard{
		add:     "nft add element inet t ban { ADDR timeout 24h }",
		del:     "nft delete element inet t ban { ADDR }",
		restore: "nft -f -", before: "add element inet t ban {", each: "ADDR timeout 24h,", after: "}",
	})
	w.nftables = true
	return w
}

// intervalWay is the same with a set that could hold networks too.
func intervalWay(o options) *way {
	w := nftWay("nft, interval set", "interval,timeout")
	w.maxCalls = o.maxIntervalCalls
	return w
}

// ipsetWay is a set of ipset and the one rule that leads to it.
func ipsetWay(name, iptables string) *way {
	const build = `ipset create ban hash:ip timeout 86400 maxelem 2000000
IPTABLES -A INPUT -p tcp -m multiport --dports 25,465,587 -m set --match-set ban src -j DROP`
	return toolWay(name, toolIPSet, strings.ReplaceAll(build, "IPTABLES", iptables), toolGuard{
		add: "ipset add ban ADDR", del: "ipset del ban ADDR",
		restore: "ipset restore", each: "add ban ADDR",
	})
}

// rulesWay is what scripts write: a chain for the mail ports with a rule for
// each address.
func rulesWay(name, iptables, restore string, limit int) *way {
	const build = `IPTABLES -N smtp-blacklist
IPTABLES -A INPUT -p tcp -m multiport --dports 25,465,587 -j smtp-blacklist`
	w := toolWay(name, iptables, strings.ReplaceAll(build, "IPTABLES", iptables), toolGuard{
		add:     iptables + " -I smtp-blacklist -s ADDR -j DROP",
		del:     iptables + " -D smtp-blacklist -s ADDR -j DROP",
		restore: restore + " --noflush", before: "*filter", each: "-A smtp-blacklist -s ADDR -j DROP", after: "COMMIT",
	})
	w.maxSize, w.nftables = limit, iptables == toolIPTables
	return w
}
