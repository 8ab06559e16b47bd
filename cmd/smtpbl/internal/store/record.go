package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

// Record is what is known of one banned prefix in one layer: its last ban,
// which may still run, and how many there were.
type Record struct {
	Layer  nft.Layer // any but LayerFeed
	Prefix netip.Prefix
	Rule   policy.Rule
	Step   policy.Step
	// Bans counts the bans of this prefix by the Engine; 0 where it was only
	// ever banned by hand.
	Bans      int
	At, Until time.Time
	// Reason is text for people, at most maxReason bytes.
	Reason string
}

// Key names the ban in the ledger and in the kernel.
func (r *Record) Key() nft.Key { return nft.Key{Layer: r.Layer, Prefix: r.Prefix} }

// Active tells whether the ban runs at now.
func (r *Record) Active(now time.Time) bool { return r.Until.After(now) }

const (
	// recordVersion is what is written; version 1, whose checksum lacks the key,
	// is read too.
	recordVersion = 2
	maxReason     = 1 << 10
	keyLen        = 17
)

// The codes are stored: append, never renumber.
var (
	ruleCodes = []policy.Rule{
		policy.RuleAuthFail, policy.RuleNet, policy.RuleManual,
		policy.RuleHoneypot, policy.RuleAccount, policy.RuleSpray, policy.RulePersist, policy.RuleSwarm,
	}
	stepCodes = []policy.Step{policy.StepHost, policy.StepNet, policy.StepAll}
)

// encodeKey writes the prefix as 16 bytes of address (IPv4 mapped) and one of
// length (in IPv6 terms), so that the keys of one net lie side by side.
func encodeKey(p netip.Prefix) []byte {
	bits := p.Bits()
	if p.Addr().Is4() {
		bits += 96
	}
	a := p.Addr().As16()
	return append(a[:], byte(bits))
}

func decodeKey(k []byte) (netip.Prefix, error) {
	if len(k) != keyLen {
		return netip.Prefix{}, fmt.Errorf("%w: a key of %d bytes", errDamaged, len(k))
	}
	addr, bits := netip.AddrFrom16([16]byte(k[:16])), int(k[16])
	if addr.Is4In6() && bits >= 96 {
		addr, bits = addr.Unmap(), bits-96
	}
	p := netip.PrefixFrom(addr, bits)
	if !p.IsValid() || p != p.Masked() {
		return netip.Prefix{}, fmt.Errorf("%w: a key that is no prefix", errDamaged)
	}
	return p, nil
}

// encode lays a record out as version, rule, step, then varints, the reason
// and a CRC-32 of the key and all before it: a spoilt key would ban somebody
// else.
func encode(r *Record) []byte {
	b := make([]byte, 0, 48+len(r.Reason))
	b = append(b, recordVersion, code(ruleCodes, r.Rule), code(stepCodes, r.Step))
	b = binary.AppendUvarint(b, uint64(max(r.Bans, 0)))
	b = binary.AppendVarint(b, r.At.UnixMilli())
	b = binary.AppendVarint(b, r.Until.UnixMilli())
	reason := r.Reason[:min(len(r.Reason), maxReason)]
	b = binary.AppendUvarint(b, uint64(len(reason)))
	b = append(b, reason...)
	return binary.LittleEndian.AppendUint32(b, checksum(encodeKey(r.Prefix), b))
}

// checksum is that of the record b, which begins with its version.
func checksum(key, b []byte) uint32 {
	if b[0] == 1 {
		return crc32.ChecksumIEEE(b)
	}
	return crc32.Update(crc32.ChecksumIEEE(key), crc32.IEEETable, b)
}

// recordReader reads the records of a layer into one and the same Record.
type recordReader struct {
	layer  nft.Layer
	record Record
	texts  map[string]string
}

// textsMax bounds how many reasons are kept to be used again.
const textsMax = 4096

func (rr *recordReader) read(k, v []byte) (*Record, error) {
	var err error
	rr.record, err = decodeWith(rr.layer, k, v, rr.intern)
	return &rr.record, err
}

// intern returns text as a string: most records have a reason that others had
// before.
func (rr *recordReader) intern(text []byte) string {
	if s, ok := rr.texts[string(text)]; ok {
		return s
	}
	if rr.texts == nil || len(rr.texts) == textsMax {
		rr.texts = map[string]string{}
	}
	s := string(text)
	rr.texts[s] = s
	return s
}

func decode(layer nft.Layer, k, v []byte) (Record, error) {
	return decodeWith(layer, k, v, func(b []byte) string { return string(b) })
}

// decodeWith is the reverse of encodeKey and encode; text makes a string of
// the reason.
func decodeWith(layer nft.Layer, k, v []byte, text func([]byte) string) (Record, error) {
	p, err := decodeKey(k)
	if err != nil {
		return Record{}, err
	}
	if len(v) < 7 || checksum(k, v[:len(v)-4]) != binary.LittleEndian.Uint32(v[len(v)-4:]) {
		return Record{}, fmt.Errorf("%w: the record of %s fails its checksum", errDamaged, p)
	}
	if v[0] < 1 || v[0] > recordVersion || int(v[1]) >= len(ruleCodes) || int(v[2]) >= len(stepCodes) {
		return Record{}, fmt.Errorf("%w: the record of %s is of a version that this program does not know", ErrNewer, p)
	}
	d := decoder{b: v[3 : len(v)-4]}
	r := Record{Layer: layer, Prefix: p, Rule: ruleCodes[v[1]], Step: stepCodes[v[2]]}
	r.Bans = int(d.uvarint())
	r.At, r.Until = time.UnixMilli(d.varint()), time.UnixMilli(d.varint())
	r.Reason = text(d.text())
	if d.failed {
		return Record{}, fmt.Errorf("%w: the record of %s is cut short", errDamaged, p)
	}
	return r, nil
}

func code[T comparable](codes []T, v T) byte {
	for i, c := range codes {
		if c == v {
			return byte(i)
		}
	}
	return 0
}

// decoder reads varints and remembers that one could not be read.
type decoder struct {
	b      []byte
	failed bool
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	return advance(d, v, n)
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	return advance(d, v, n)
}

func (d *decoder) text() []byte {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.failed = true
		return nil
	}
	return d.b[:n]
}

func advance[T any](d *decoder, v T, n int) T {
	if n <= 0 {
		d.failed, d.b = true, nil
		return v
	}
	d.b = d.b[n:]
	return v
}
