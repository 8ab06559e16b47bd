package nft

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// fakeInterface is the number of the interface that packets come in by: not
// loopback.
const fakeInterface = loopbackIndex + 1

// Verdict sends a TCP packet without data, and without a mark, from src to a
// port of the machine, and tells whether the rules let it pass. They count it as
// the kernel would.
func (f *Fake) Verdict(src netip.Addr, port uint16) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := newFakePacket(src.Unmap(), port, f.now())
	for _, base := range f.hooked() {
		p.table, p.dropped = base.table, false
		if p.walk(base.chain); p.dropped {
			return false
		}
	}
	return true
}

type fakeBase struct {
	table *fakeTable
	chain *fakeChain
}

// hooked lists the base chains in the order in which packets meet them.
func (f *Fake) hooked() []fakeBase {
	var list []fakeBase
	for _, table := range f.tables {
		for _, chain := range table.chains {
			if chain.spec.base && table.flags&tableDormant == 0 {
				list = append(list, fakeBase{table, chain})
			}
		}
	}
	slices.SortFunc(list, func(a, b fakeBase) int {
		return cmp.Or(cmp.Compare(a.chain.spec.hook, b.chain.spec.hook), cmp.Compare(a.chain.spec.priority, b.chain.spec.priority))
	})
	return list
}

// fakePacket is a packet on its way through the rules.
type fakePacket struct {
	now                time.Time
	protocol           byte // NFPROTO_IPV4 or NFPROTO_IPV6
	network, transport []byte

	table     *fakeTable
	rule      *fakeRule
	registers map[uint32][]byte
	verdict   int32  // of the rule
	target    string // chain that the verdict names
	dropped   bool
}

func newFakePacket(src netip.Addr, port uint16, now time.Time) *fakePacket {
	const bytes4, bytes6, source4, source6 = 20, 40, 12, 8
	p := &fakePacket{now: now, transport: make([]byte, 20), registers: map[uint32][]byte{}}
	binary.BigEndian.PutUint16(p.transport[2:], port)
	if src.Is4() {
		p.protocol, p.network = unix.NFPROTO_IPV4, make([]byte, bytes4)
		copy(p.network[source4:], src.AsSlice())
	} else {
		p.protocol, p.network = unix.NFPROTO_IPV6, make([]byte, bytes6)
		copy(p.network[source6:], src.AsSlice())
	}
	return p
}

// The verdicts of rules (enum nft_verdicts); x/sys has them as untyped numbers
// that do not fit what netlink carries.
const (
	fakeDrop   = 0
	fakeAccept = verdictAccept
	fakeNext   = -1
	fakeJump   = -3
	fakeGoto   = -4
	fakeReturn = -5
)

// walk takes the packet through a chain; it returns whether the chain that
// jumped here goes on.
func (p *fakePacket) walk(chain *fakeChain) bool {
	for _, r := range chain.rules {
		p.judge(r)
		switch p.verdict {
		case fakeDrop:
			p.dropped = true
			return false
		case fakeAccept:
			return false
		case fakeJump:
			if !p.walk(p.table.chains[p.target]) {
				return false
			}
		case fakeGoto:
			return p.walk(p.table.chains[p.target])
		case fakeReturn:
			return true
		}
	}
	return true
}

// judge takes the packet through a rule.
func (p *fakePacket) judge(r *fakeRule) {
	p.rule, p.verdict = r, fakeNext
	r.each(func(name string, data []byte) bool { return fakeExpressions[name](p, data) })
}
