package nft

import (
	"encoding/binary"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// loopbackIndex is the number of the interface lo in every network namespace
// (LOOPBACK_IFINDEX in include/net/flow.h).
const loopbackIndex = 1

// hookRules send the packets that matter to the look-up. Loopback leaves
// first: a machine must never lock its own programs out.
//
// With HookUFW, packets that the harness marked are looked up on the strength of
// the mark. A guarded packet without it is looked up all the same, so that bans
// hold while ufw is switched off, reloads its rules or has lost the harness;
// two counters tell which of it happens.
//
// Where there are bans at all ports, every packet is looked up in them first.
func hookRules(cfg Config, everywhere bool) []rule {
	rules := append(make([]rule, 0, 4), loopbackRule())
	if everywhere {
		rules = append(rules, allRule())
	}
	if cfg.Hook == HookUFW {
		return append(rules, markRule(cfg), portsRule(count(counterUnmarked)))
	}
	return append(rules, portsRule())
}

func loopbackRule() rule {
	// [ meta load iif => reg 1 ]
	// [ cmp eq reg 1 0x00000001 ]
	// [ immediate reg 0 return ]
	return rule{
		&expr.Meta{Key: expr.MetaKeyIIF, Register: register},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: hostU32(loopbackIndex)},
		&expr.Verdict{Kind: expr.VerdictReturn},
	}
}

// portsRule looks packets for the guarded ports up, after what is to be done
// with them first.
func portsRule(first ...expr.Any) rule {
	// [ meta load l4proto => reg 1 ]
	// [ cmp eq reg 1 0x00000006 ]
	// [ payload load 2b @ transport header + 2 => reg 1 ]
	// [ lookup reg 1 set ports ]
	// [ immediate reg 0 jump -> smtp-blacklist ]
	r := append(make(rule, 0, 6),
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: register},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: []byte{unix.IPPROTO_TCP}},
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
		&expr.Lookup{SourceRegister: register, SetName: setPorts},
	)
	return append(append(r, first...), &expr.Verdict{Kind: expr.VerdictJump, Chain: chainBlacklist})
}

// markRule looks packets up that have the mark of the harness. Other bits of
// the mark are other programs'.
func markRule(cfg Config) rule {
	// [ meta load mark => reg 1 ]
	// [ bitwise reg 1 = ( reg 1 & 0xfff00000 ) ^ 0x00000000 ]
	// [ cmp eq reg 1 0x5b100000 ]
	// [ objref type 1 name marked ]
	// [ immediate reg 0 goto -> smtp-blacklist ]
	return rule{
		&expr.Meta{Key: expr.MetaKeyMARK, Register: register},
		&expr.Bitwise{
			SourceRegister: register, DestRegister: register, Len: 4,
			Mask: hostU32(cfg.MarkMask), Xor: hostU32(0),
		},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: hostU32(cfg.Mark)},
		count(counterMarked),
		&expr.Verdict{Kind: expr.VerdictGoto, Chain: chainBlacklist},
	}
}

// hostU32 is a number in the byte order of this machine, as interface indexes
// and marks are compared.
func hostU32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }
