package nft

import (
	"slices"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Bans at all ports have a chain of their own, because every packet has to go
// through it and not only those for the mail ports. Its sets, the chain and the
// rule that leads to it are made with the first such ban: a machine without any
// pays nothing for them. They stay when the last one ends, for there may be
// another one soon, and go when an empty one is found by the next process that
// adopts the table.

// banEverywhere tells whether some of the kinds are banned at all ports.
func banEverywhere(kinds []kind) bool {
	return slices.ContainsFunc(kinds, func(k kind) bool { return k.layer == LayerAll })
}

// allRule sends every packet to the look-up for all ports. It comes before the
// rules for the mail ports, which do not all return.
func allRule() rule {
	// [ immediate reg 0 jump -> smtp-blacklist-all ]
	return rule{&expr.Verdict{Kind: expr.VerdictJump, Chain: chainAll}}
}

// allRules let neighbours and allowed sources leave and look the others up in
// the sets for all ports. What is not found goes back to the rules for the mail
// ports.
func allRules(kinds []kind) []rule {
	rules := firstAllRules()
	for _, k := range kinds {
		if k.layer == LayerAll {
			rules = append(rules, banRule(k))
		}
	}
	return rules
}

// firstAllRules are those before the look-ups.
func firstAllRules() []rule { return append([]rule{neighbourRule()}, allowRules()...) }

// The types of neighbour solicitations and advertisements (RFC 4861, 4.3, 4.4).
const (
	icmpNeighbourAsks  = 135
	icmpNeighbourTells = 136
)

// neighbourRule lets the messages pass by which IPv6 finds the hardware address
// of a neighbour. A router of our own link can send them from an address that
// nobody told us of, in the same /64 as a banned neighbour; without an answer it
// would deliver us nothing any more. From farther away they do not count: the
// kernel takes them only with the hop limit that no router has lowered.
func neighbourRule() rule {
	// [ meta load nfproto => reg 1 ]
	// [ cmp eq reg 1 0x0000000a ]
	// [ meta load l4proto => reg 1 ]
	// [ cmp eq reg 1 0x0000003a ]
	// [ payload load 1b @ transport header + 0 => reg 1 ]
	// [ cmp gte reg 1 0x00000087 ]
	// [ cmp lte reg 1 0x00000088 ]
	// [ immediate reg 0 return ]
	return rule{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: register},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: []byte{unix.NFPROTO_IPV6}},
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: register},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: []byte{unix.IPPROTO_ICMPV6}},
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: 0, Len: 1},
		&expr.Cmp{Op: expr.CmpOpGte, Register: register, Data: []byte{icmpNeighbourAsks}},
		&expr.Cmp{Op: expr.CmpOpLte, Register: register, Data: []byte{icmpNeighbourTells}},
		&expr.Verdict{Kind: expr.VerdictReturn},
	}
}

// everywhere appends what makes packets meet the sets for all ports. Chains that
// have the rules already get them anew, so that it does not matter how often it
// is done: packets are judged by the old rules or by the new ones.
func (b *batch) everywhere(cfg Config, kinds []kind) error {
	b.chain(cfg.Table, chainSpec{name: chainAll})
	for _, chain := range []string{chainAll, chainHook} {
		b.flushChain(cfg.Table, chain)
		for _, r := range ruleset(cfg, kinds, feedSets{})[chain] {
			if err := b.rule(cfg.Table, chain, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// leaveIdle takes the kinds out of a plan that were banned at all ports once and
// are not any more, so that their rule costs nothing. That is for the first
// Ensure of a process: afterwards a set may be empty because somebody emptied
// it, and its bans come back.
func (p *plan) leaveIdle() error {
	if len(p.t.kinds) > 0 || !p.stays() {
		return nil
	}
	for _, k := range p.found.bans() {
		if k.layer != LayerAll {
			continue
		}
		idle, err := p.t.sock.isEmpty(p.t.cfg.Table, p.found.sets[k.set()])
		if err != nil {
			return err
		}
		if idle {
			p.idle = append(p.idle, k)
		}
	}
	p.kinds = slices.DeleteFunc(p.kinds, func(k kind) bool { return slices.Contains(p.idle, k) })
	return nil
}

// isEmpty tells whether a set holds no ban. Where the kernel tells the number of
// elements, one that ended and is not collected yet counts as a ban.
func (s *socket) isEmpty(table string, set foundSet) (bool, error) {
	if set.counts {
		return set.count == 0, nil
	}
	els, err := s.elements(table, set)
	return !slices.ContainsFunc(els, func(el element) bool { return !el.ended() }), err
}

// deleteIdle appends the removal of the sets that the plan leaves out, after
// that of the rules that look into them.
func (p *plan) deleteIdle(b *batch) {
	for _, k := range p.idle {
		b.deleteSet(p.t.cfg.Table, k.set())
	}
}
