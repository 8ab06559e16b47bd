package main

import (
	"slices"
	"strings"
)

// kind is a kind of fault.
type kind struct {
	name string
	// weight is how often it comes, in comparison with the others.
	weight int
	// opens tells that it can let packets through until it is healed, where
	// the kernel does not refuse it.
	opens bool
	// calm tells that it must not come while a table may still be open: the
	// service cannot heal while it does not run.
	calm bool
	deal func(c *campaign) error
}

// chains are those of the service's table.
var chains = []string{"pre", "smtp-blacklist", "smtp-blacklist-log"}

// kinds are all kinds of faults.
var kinds = []*kind{
	{name: "nft flush ruleset", weight: 8, opens: true, deal: (*campaign).flushRuleset},
	{name: "nft -f /etc/nftables.conf", weight: 8, opens: true, deal: (*campaign).restartNftables},
	{name: "nft -f with flush ruleset", weight: 8, opens: true, deal: (*campaign).loadRules},
	{name: "nft delete table", weight: 8, opens: true, deal: (*campaign).deleteTable},
	{name: "nft flush set", weight: 8, opens: true, deal: (*campaign).flushSet},
	{name: "nft delete element", weight: 8, opens: true, deal: (*campaign).deleteElement},
	{name: "nft flush chain", weight: 8, opens: true, deal: (*campaign).flushChain},
	{name: "nft delete rule", weight: 8, opens: true, deal: (*campaign).deleteRule},
	{name: "nft replace rule", weight: 5, opens: true, deal: (*campaign).replaceRule},
	{name: "nft insert rule", weight: 8, opens: true, deal: (*campaign).insertRule},
	{name: "nft policy drop", weight: 3, opens: true, deal: (*campaign).policyDrop},
	{name: "nft dormant table", weight: 3, opens: true, deal: (*campaign).sleepTable},
	{name: "nft on another table", weight: 8, deal: (*campaign).otherTable},
	{name: "kill -9, start", weight: 3, calm: true, deal: (*campaign).kill},
	{name: "kill -9 amid a ban, start", weight: 2, calm: true, deal: (*campaign).killAmid},
	{name: "SIGTERM, start", weight: 2, calm: true, deal: (*campaign).restart},
	{name: "SIGHUP", weight: 2, calm: true, deal: (*campaign).reload},
	{name: "SIGSTOP, SIGCONT", weight: 2, calm: true, deal: (*campaign).pause},
	{name: "history disk full", weight: 1, calm: true, deal: (*campaign).fillDisk},
	{name: "log rotated", weight: 2, deal: (*campaign).rotateLog},
}

// choose draws one of the kinds whose names contain the text that was asked
// for.
func (c *campaign) choose() *kind {
	var wheel []*kind
	for _, k := range kinds {
		if strings.Contains(k.name, c.only) {
			wheel = append(wheel, slices.Repeat([]*kind{k}, k.weight)...)
		}
	}
	return wheel[c.dice.IntN(len(wheel))]
}

// pick draws one of a list.
func (c *campaign) pick(list []string) string { return list[c.dice.IntN(len(list))] }
