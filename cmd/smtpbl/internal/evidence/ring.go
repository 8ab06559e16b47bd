package evidence

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

const (
	// segments of segmentSize are all that a Ring holds: the last 40,000 to
	// 60,000 lines of a usual log. The segment with the oldest lines is written
	// over as a whole.
	segments    = 32
	segmentSize = 256 << 10
)

// Ring holds the last lines that may lead to bans, in 9 MB, which the machine
// has to give only as far as they are written to. It holds no pointers that the
// garbage collector would have to follow, and allocates nothing later on: a
// burst of bans is no time to do so. It belongs to one goroutine.
//
// An entry is the position of the entry before it of the same key, the key, how
// many of the key came before it, and the line. So the last lines of a key are
// found without a look at those of others. Positions only grow; what lies in a
// segment that was written over is known by its position.
type Ring struct {
	abuse   bool
	buf     []byte
	end     uint64 // position of the next entry
	index   index
	scratch [Most]uint64
}

// An entry's header: 8 position of the one before it and 1, or 0; 8 key;
// 4 how many came before it; 2 length of the line.
const headerLen = 22

// NewRing makes a Ring. With abuse, abuse counts like a failed login and its
// lines are kept too.
func NewRing(abuse bool) *Ring {
	return &Ring{abuse: abuse, buf: make([]byte, segments*segmentSize), index: newIndex()}
}

// key is an IPv4 address or the upper half of an IPv6 address: what is counted
// and banned as one. IPv4 lies where IPv6 has ffff:ffff::/32, which is
// multicast.
type key uint64

func keyOf(a netip.Addr) key {
	a = a.Unmap()
	if a.Is4() {
		b := a.As4()
		return 0xffff_ffff<<32 | key(binary.BigEndian.Uint32(b[:]))
	}
	b := a.As16()
	return key(binary.BigEndian.Uint64(b[:8]))
}

// Add keeps what an event tells, if that can be a reason for a ban.
func (r *Ring) Add(ev *policy.Event) {
	if !Counts(ev, r.abuse) || !ev.Addr.IsValid() {
		return
	}
	k := keyOf(ev.Addr)
	most := headerLen + maxFixed + MaxUser + MaxText
	if ev.Line != nil {
		most = headerLen + maxFixed + min(len(ev.User), MaxUser) + min(len(ev.Line), MaxText)
	}
	if int(r.end%segmentSize)+most > segmentSize {
		r.end += segmentSize - r.end%segmentSize
	}
	slot, tag, before := r.index.take(r, k)
	n := uint32(0)
	if before != 0 {
		_, _, n = r.entry(before - 1)
		n++
	}
	header := r.at(r.end)
	b := appendLine(header[headerLen:headerLen], ev)
	binary.LittleEndian.PutUint64(header, before)
	binary.LittleEndian.PutUint64(header[8:], uint64(k))
	binary.LittleEndian.PutUint32(header[16:], n)
	binary.LittleEndian.PutUint16(header[20:], uint16(len(b)))
	*slot = tag | head(r.end+1)
	r.end += uint64(headerLen + len(b))
}

// at returns what lies at a position and behind it.
func (r *Ring) at(pos uint64) []byte { return r.buf[pos%(segments*segmentSize):] }

// holds tells whether the entry at pos was not written over.
func (r *Ring) holds(pos uint64) bool {
	return pos < r.end && pos/segmentSize+segments > r.end/segmentSize
}

// entry reads the header of an entry that the Ring holds.
func (r *Ring) entry(pos uint64) (before uint64, k key, n uint32) {
	b := r.at(pos)
	return binary.LittleEndian.Uint64(b), key(binary.LittleEndian.Uint64(b[8:])), binary.LittleEndian.Uint32(b[16:])
}

// line returns the encoded line of an entry that the Ring holds.
func (r *Ring) line(pos uint64) []byte {
	b := r.at(pos)
	return b[headerLen : headerLen+int(binary.LittleEndian.Uint16(b[20:]))]
}

// Last appends to b the last lines of an address or its /64 that are not later
// than at, the oldest first: at most Most of them, in at most size bytes. Seen
// is how many lines there were in all, as far as is known. See Decode.
func (r *Ring) Last(b []byte, a netip.Addr, at time.Time, size int) (out []byte, seen int) {
	found := r.scratch[:0]
	ms := at.UnixMilli()
	for next := r.index.find(r, keyOf(a)); next != 0 && r.holds(next-1) && len(found) < Most; {
		before, _, n := r.entry(next - 1)
		line := r.line(next - 1)
		if stamp, _ := binary.Varint(line[3:]); stamp <= ms {
			if size -= len(line) + 2; size < 0 {
				break
			}
			seen = max(seen, int(n)+1)
			found = append(found, next-1)
		}
		next = before
	}
	for _, pos := range slices.Backward(found) {
		line := r.line(pos)
		b = append(binary.AppendUvarint(b, uint64(len(line))), line...)
	}
	return b, seen
}
