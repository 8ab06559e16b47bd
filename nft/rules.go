package nft

import (
	"encoding/binary"
	"fmt"
	"net"
	"time"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// The names in the table.
const (
	chainHook      = "pre"
	chainBlacklist = "smtp-blacklist"
	chainLog       = "smtp-blacklist-log"
	setPorts       = "ports"
	setAllow4      = "allow4"
	setAllow6      = "allow6"
	counterSeen    = "seen"
	counterLogged  = "logged"
	counterLimited = "log_limited"
)

// register is where each rule keeps the value that it works on: the first of
// the 16-byte registers, which an IPv6 address fills.
const register = unix.NFT_REG_1

// objectCounter is NFT_OBJECT_COUNTER.
const objectCounter = 1

// loopbackIndex is the number of the interface lo in every network namespace
// (LOOPBACK_IFINDEX in include/net/flow.h).
const loopbackIndex = 1

// rule is a list of expressions that a packet goes through until one does not
// match. The comment above each list is what `nft --debug=netlink` prints of it.
type rule []expr.Any

// ruleset lists the rules of each chain.
func ruleset(cfg Config, kinds []kind) map[string][]rule {
	return map[string][]rule{
		chainHook:      hookRules(),
		chainBlacklist: blacklistRules(kinds),
		chainLog:       logRules(cfg),
	}
}

// hookRules send the packets that matter to the look-up. Loopback leaves
// first: a machine must never lock its own programs out.
func hookRules() []rule {
	return []rule{
		{
			// [ meta load iif => reg 1 ]
			// [ cmp eq reg 1 0x00000001 ]
			// [ immediate reg 0 return ]
			&expr.Meta{Key: expr.MetaKeyIIF, Register: register},
			&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: hostU32(loopbackIndex)},
			&expr.Verdict{Kind: expr.VerdictReturn},
		},
		{
			// [ meta load l4proto => reg 1 ]
			// [ cmp eq reg 1 0x00000006 ]
			// [ payload load 2b @ transport header + 2 => reg 1 ]
			// [ lookup reg 1 set ports ]
			// [ immediate reg 0 jump -> smtp-blacklist ]
			&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: register},
			&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: []byte{unix.IPPROTO_TCP}},
			&expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
			&expr.Lookup{SourceRegister: register, SetName: setPorts},
			&expr.Verdict{Kind: expr.VerdictJump, Chain: chainBlacklist},
		},
	}
}

// blacklistRules count a packet, let allowed sources leave, and look the others
// up in one set for each kind.
func blacklistRules(kinds []kind) []rule {
	rules := make([]rule, 0, 3+len(kinds))
	rules = append(rules,
		rule{count(counterSeen)},
		allowRule(kind{v6: false, bits: 32}, setAllow4),
		allowRule(kind{v6: true, bits: 128}, setAllow6),
	)
	for _, k := range kinds {
		rules = append(rules, banRule(k))
	}
	return rules
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
func banRule(k kind) rule {
	// [ lookup reg 1 set ban4_24 ]
	// [ objref type 1 name dropped4_24 ]
	// [ immediate reg 0 goto -> smtp-blacklist-log ]
	return append(k.loadSource(),
		&expr.Lookup{SourceRegister: register, SetName: k.set()},
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

// logRules log some packets and drop all. The first rule ends with a drop, so
// each packet is counted by exactly one of them: logged and log_limited add up
// to what was dropped. A rate of 0 logs nothing.
func logRules(cfg Config) []rule {
	// [ counter name log_limited ]
	// [ immediate reg 0 drop ]
	limited := rule{count(counterLimited), &expr.Verdict{Kind: expr.VerdictDrop}}
	if cfg.LogRate == 0 {
		return []rule{limited}
	}
	return []rule{
		{
			// [ limit rate 3/minute burst 10 type packets flags 0x0 ]
			// [ objref type 1 name logged ]
			// [ log prefix [SMTP BLACKLIST] ]
			// [ immediate reg 0 drop ]
			&expr.Limit{
				Type: expr.LimitTypePkts, Rate: cfg.LogRate, Burst: cfg.LogBurst,
				Unit: expr.LimitTime(cfg.LogPer / time.Second),
			},
			count(counterLogged),
			&expr.Log{Key: 1 << unix.NFTA_LOG_PREFIX, Data: []byte(cfg.LogPrefix)},
			&expr.Verdict{Kind: expr.VerdictDrop},
		},
		limited,
	}
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

// hostU32 is a number in the byte order of this machine, as interface indexes
// are compared.
func hostU32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }
