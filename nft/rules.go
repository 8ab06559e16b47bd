package nft

import (
	"fmt"
	"net"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// The names in the table.
const (
	chainHook       = "pre"
	chainBlacklist  = "smtp-blacklist"
	chainAll        = "smtp-blacklist-all"
	chainLog        = "smtp-blacklist-log"
	setPorts        = "ports"
	setAllow4       = "allow4"
	setAllow6       = "allow6"
	counterSeen     = "seen"
	counterMarked   = "marked"
	counterUnmarked = "unmarked"
	counterCopied   = "copied"
	counterLogged   = "logged"
	counterLimited  = "log_limited"
)

// register is where each rule keeps the value that it works on: the first of
// the 16-byte registers, which an IPv6 address fills.
const register = unix.NFT_REG_1

// objectCounter is NFT_OBJECT_COUNTER.
const objectCounter = 1

// rule is a list of expressions that a packet goes through until one does not
// match. The comment above each list is what `nft --debug=netlink` prints of it.
type rule []expr.Any

// ruleset lists the rules of each chain.
func ruleset(cfg Config, kinds []kind, feeds feedSets) map[string][]rule {
	rules := map[string][]rule{
		chainHook:      hookRules(cfg, banEverywhere(kinds)),
		chainBlacklist: blacklistRules(kinds, feeds),
		chainLog:       logRules(cfg),
	}
	if banEverywhere(kinds) {
		rules[chainAll] = allRules(kinds)
	}
	return rules
}

// blacklistRules count a packet, let allowed sources leave, and look the others
// up in one set for each kind and then in the feeds, which take longer.
func blacklistRules(kinds []kind, feeds feedSets) []rule {
	rules := make([]rule, 0, 3+len(kinds)+len(feeds))
	rules = append(append(rules, rule{count(counterSeen)}), allowRules()...)
	for _, k := range kinds {
		if k.layer != LayerAll {
			rules = append(rules, banRule(k))
		}
	}
	return append(rules, feedRules(feeds)...)
}

// allowRules let allowed sources leave the chain.
func allowRules() []rule {
	return []rule{
		allowRule(kind{v6: false, bits: 32}, setAllow4),
		allowRule(kind{v6: true, bits: 128}, setAllow6),
	}
}

func allowRule(k kind, set string) rule {
	return append(k.loadSource(),
		&expr.Lookup{SourceRegister: register, SetName: set},
		&expr.Verdict{Kind: expr.VerdictReturn},
	)
}

// banRule is the look-up of one kind:
//
//	ip saddr & 255.255.255.0 @ban4_24 counter name dropped4_24 goto smtp-blacklist-log
func banRule(k kind) rule { return dropRule(k, k.set()) }

// dropRule looks the source, masked as the kind says, up in a set and drops what
// is in it.
func dropRule(k kind, set string) rule {
	// [ lookup reg 1 set ban4_24 ]
	// [ objref type 1 name dropped4_24 ]
	// [ immediate reg 0 goto -> smtp-blacklist-log ]
	return append(k.loadSource(),
		&expr.Lookup{SourceRegister: register, SetName: set},
		count(k.counter()),
		&expr.Verdict{Kind: expr.VerdictGoto, Chain: chainLog},
	)
}

// loadSource matches the family and loads the masked source address.
func (k kind) loadSource() rule {
	// [ meta load nfproto => reg 1 ]
	// [ cmp eq reg 1 0x00000002 ]
	// [ payload load 4b @ network header + 12 => reg 1 ]
	// [ bitwise reg 1 = ( reg 1 & 0x00ffffff ) ^ 0x00000000 ]
	protocol, offset := byte(unix.NFPROTO_IPV4), uint32(12)
	if k.v6 {
		protocol, offset = unix.NFPROTO_IPV6, 8
	}
	size := k.keyBytes()
	load := append(make(rule, 0, 4),
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: register},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: []byte{protocol}},
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: uint32(size)},
	)
	if k.bits == size*8 {
		return load
	}
	mask := &expr.Bitwise{
		SourceRegister: register, DestRegister: register, Len: uint32(size),
		Mask: net.CIDRMask(k.bits, size*8), Xor: make([]byte, size),
	}
	return append(load, mask)
}

// count is a reference to a named counter.
func count(name string) expr.Any {
	return &expr.Objref{Type: objectCounter, Name: name}
}

// encode appends the expressions of the rule.
func (r rule) encode(e *encoder) error {
	list := e.open(unix.NFTA_RULE_EXPRESSIONS)
	for _, x := range r {
		data, err := expr.Marshal(familyInet, x)
		if err != nil {
			return fmt.Errorf("encode expression %T: %w", x, err)
		}
		e.bytes(unix.NLA_F_NESTED|unix.NFTA_LIST_ELEM, data)
	}
	e.shut(list)
	return nil
}
