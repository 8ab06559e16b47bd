package nft

import (
	"bytes"
	"time"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// count counts the packet.
func (p *fakePacket) count(c *Counter) {
	c.Packets++
	c.Bytes += uint64(len(p.network) + len(p.transport))
}

func (p *fakePacket) meta(data []byte) bool {
	var v []byte
	switch expr.MetaKey(readU32(attr(data, unix.NFTA_META_KEY))) {
	case expr.MetaKeyIIF:
		v = hostU32(fakeInterface)
	case expr.MetaKeyNFPROTO:
		v = []byte{p.protocol}
	case expr.MetaKeyL4PROTO:
		v = []byte{unix.IPPROTO_TCP}
	case expr.MetaKeyMARK:
		v = hostU32(0)
	default:
		return false
	}
	p.registers[readU32(attr(data, unix.NFTA_META_DREG))] = v
	return true
}

// compare knows equality alone.
func (p *fakePacket) compare(data []byte) bool {
	want := attr(attr(data, unix.NFTA_CMP_DATA), unix.NFTA_DATA_VALUE)
	equal := bytes.Equal(p.registers[readU32(attr(data, unix.NFTA_CMP_SREG))], want)
	return equal == (readU32(attr(data, unix.NFTA_CMP_OP)) == unix.NFT_CMP_EQ)
}

func (p *fakePacket) payload(data []byte) bool {
	header := p.network
	if readU32(attr(data, unix.NFTA_PAYLOAD_BASE)) == unix.NFT_PAYLOAD_TRANSPORT_HEADER {
		header = p.transport
	}
	from, n := readU32(attr(data, unix.NFTA_PAYLOAD_OFFSET)), readU32(attr(data, unix.NFTA_PAYLOAD_LEN))
	if int(from+n) > len(header) {
		return false
	}
	p.registers[readU32(attr(data, unix.NFTA_PAYLOAD_DREG))] = header[from : from+n]
	return true
}

func (p *fakePacket) bitwise(data []byte) bool {
	from := p.registers[readU32(attr(data, unix.NFTA_BITWISE_SREG))]
	mask := attr(attr(data, unix.NFTA_BITWISE_MASK), unix.NFTA_DATA_VALUE)
	flip := attr(attr(data, unix.NFTA_BITWISE_XOR), unix.NFTA_DATA_VALUE)
	to := make([]byte, len(from))
	for i := range from {
		to[i] = from[i]&mask[i] ^ flip[i]
	}
	p.registers[readU32(attr(data, unix.NFTA_BITWISE_DREG))] = to
	return true
}

// lookup counts the packet for the element that it finds.
func (p *fakePacket) lookup(data []byte) bool {
	set := p.table.sets[readString(attr(data, unix.NFTA_LOOKUP_SET))]
	key := string(p.registers[readU32(attr(data, unix.NFTA_LOOKUP_SREG))])
	if set.isInterval() {
		_, in := set.holding(key)
		return in
	}
	el := set.live(key, p.now)
	if el == nil {
		return false
	}
	if set.spec.counted {
		p.count(&el.Counter)
	}
	return true
}

func (p *fakePacket) countNamed(data []byte) bool {
	p.count(p.table.counters[readString(attr(data, unix.NFTA_OBJREF_IMM_NAME))])
	return true
}

// fakeLimit is a bucket of time, as in nft_limit_eval: a packet costs its share
// of the unit, and the burst is what fits into the bucket.
type fakeLimit struct {
	tokens time.Duration
	filled time.Time // zero before the first packet, which finds a full bucket
}

func (p *fakePacket) limit(data []byte) bool {
	l := &p.rule.limit
	unit := time.Duration(readU64(attr(data, unix.NFTA_LIMIT_UNIT))) * time.Second
	cost := unit / time.Duration(max(1, readU64(attr(data, unix.NFTA_LIMIT_RATE))))
	burst := readU32(attr(data, unix.NFTA_LIMIT_BURST))
	if burst == 0 {
		burst = 5 // NFT_LIMIT_PKT_BURST_DEFAULT
	}
	room := cost * time.Duration(burst)
	if l.filled.IsZero() {
		l.tokens = room
	} else {
		l.tokens = min(room, l.tokens+p.now.Sub(l.filled))
	}
	l.filled = p.now
	if l.tokens < cost {
		return false
	}
	l.tokens -= cost
	return true
}

func (p *fakePacket) immediate(data []byte) bool {
	v := fakeVerdictOf(data)
	p.verdict = int32(readU32(attr(v, unix.NFTA_VERDICT_CODE)))
	p.target = readString(attr(v, unix.NFTA_VERDICT_CHAIN))
	return true
}
