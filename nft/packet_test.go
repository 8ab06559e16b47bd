package nft

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// tcp is the TCP header of a SYN to a port.
func tcp(port uint16) []byte {
	b := make([]byte, 20)
	binary.BigEndian.PutUint16(b[2:], port)
	b[12], b[13] = 5<<4, 0x02
	return b
}

// ipv4 is a packet of 192.0.2.7 whose header has options.
func ipv4(options int, protocol byte, fragment uint16, payload []byte) []byte {
	b := make([]byte, 20+options)
	b[0] = 4<<4 | byte(len(b)/4)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)+len(payload)))
	binary.BigEndian.PutUint16(b[6:], fragment)
	b[9] = protocol
	copy(b[12:], []byte{192, 0, 2, 7})
	copy(b[16:], []byte{192, 0, 2, 1})
	return append(b, payload...)
}

// ipv6 is a packet of 2001:db8::7.
func ipv6(next byte, payload ...byte) []byte {
	b := make([]byte, 40)
	b[0] = 6 << 4
	binary.BigEndian.PutUint16(b[4:], uint16(len(payload)))
	b[6] = next
	src, dst := netip.MustParseAddr("2001:db8::7").As16(), netip.MustParseAddr("2001:db8::1").As16()
	copy(b[8:], src[:])
	copy(b[24:], dst[:])
	return append(b, payload...)
}

// behind puts an extension header of n bytes, which names the next, before b.
func behind(next byte, n int, b []byte) []byte {
	h := make([]byte, n)
	h[0], h[1] = next, byte(n/8-1)
	return append(h, b...)
}

var (
	from4 = Drop{Source: netip.MustParseAddr("192.0.2.7"), Dest: netip.MustParseAddr("192.0.2.1")}
	from6 = Drop{Source: netip.MustParseAddr("2001:db8::7"), Dest: netip.MustParseAddr("2001:db8::1")}
)

// from is a Drop with these further fields.
func from(d Drop, port uint16, flags uint8, length int) Drop {
	d.Port, d.Flags, d.Length = port, flags, length
	return d
}

// diffDrops compares with addresses as values.
func diffDrops(want, got any) string {
	return cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }))
}

func TestPackets(t *testing.T) {
	syn := tcp(25)
	fragmentOf := func(offset uint16) []byte {
		h := behind(6, 8, syn)
		binary.BigEndian.PutUint16(h[2:], offset<<3|1)
		h[1] = 0xff // reserved, and no length
		return h
	}
	tests := map[string]struct {
		packet []byte
		want   Drop
	}{
		"plain":                     {ipv4(0, 6, 0, syn), from(from4, 25, 2, 40)},
		"not to be fragmented":      {ipv4(0, 6, 0x4000, syn), from(from4, 25, 2, 40)},
		"options":                   {ipv4(40, 6, 0, syn), from(from4, 25, 2, 80)},
		"options, cut in ports":     {ipv4(40, 6, 0, syn)[:63], from(from4, 0, 0, 80)},
		"options, cut before flags": {ipv4(40, 6, 0, syn)[:64], from(from4, 25, 0, 80)},
		"cut in options":            {ipv4(40, 6, 0, syn)[:30], from(from4, 0, 0, 80)},
		"first fragment":            {ipv4(0, 6, 0x2000, syn), from(from4, 25, 2, 40)},
		"later fragment":            {ipv4(0, 6, 0x2001, syn), from(from4, 0, 0, 40)},
		"no TCP":                    {ipv4(0, 17, 0, syn), from(from4, 0, 0, 40)},
		"header alone":              {ipv4(0, 6, 0, nil), from(from4, 0, 0, 20)},
		"version 6":                 {ipv6(6, syn...), from(from6, 25, 2, 60)},
		"no TCP either":             {ipv6(58, syn...), from(from6, 0, 0, 60)},
		"hop-by-hop":                {ipv6(0, behind(6, 8, syn)...), from(from6, 25, 2, 68)},
		"three extensions":          {ipv6(0, behind(60, 8, behind(43, 16, behind(6, 24, syn)))...), from(from6, 25, 2, 108)},
		"extension beyond the copy": {ipv6(60, behind(6, 256, syn)...)[:64], from(from6, 0, 0, 316)},
		"first fragment of 6":       {ipv6(44, fragmentOf(0)...), from(from6, 25, 2, 68)},
		"later fragment of 6":       {ipv6(44, fragmentOf(1)...), from(from6, 0, 0, 68)},
		"no next header":            {ipv6(59, syn...), from(from6, 0, 0, 60)},
		"encrypted":                 {ipv6(50, syn...), from(from6, 0, 0, 60)},
	}
	for name, tt := range tests {
		var got Drop
		if !got.readPacket(tt.packet) {
			t.Errorf("%s: not read", name)
		}
		if diff := diffDrops(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestNoPackets(t *testing.T) {
	short := ipv4(0, 6, 0, tcp(25))
	short[0] = 4<<4 | 4 // a header of 16 bytes
	for name, b := range map[string][]byte{
		"nothing":       nil,
		"cut version 4": ipv4(0, 6, 0, nil)[:19],
		"cut version 6": ipv6(6)[:39],
		"short header":  short,
		"version 5":     append([]byte{5 << 4}, short[1:]...),
	} {
		if d := (Drop{}); d.readPacket(b) {
			t.Errorf("%s: read as %+v", name, d)
		}
	}
}

// FuzzPacket wants no address that is not in the packet, and no port that is not.
func FuzzPacket(f *testing.F) {
	f.Add(ipv4(40, 6, 0, tcp(25)))
	f.Add(ipv6(0, behind(44, 8, behind(6, 8, tcp(465)))...))
	f.Fuzz(func(t *testing.T, b []byte) {
		var d Drop
		if !d.readPacket(b) {
			if d != (Drop{}) {
				t.Errorf("not read, and yet %+v", d)
			}
			return
		}
		at := 12
		if d.Source.Is6() {
			at = 8
		}
		if raw := d.Source.AsSlice(); !slices.Equal(raw, b[at:at+len(raw)]) {
			t.Errorf("source %v of %x", d.Source, b)
		}
		if d.Port != 0 && len(b) < at+4+len(d.Dest.AsSlice()) {
			t.Errorf("port %d of %x", d.Port, b)
		}
	})
}

// datagram is what the kernel delivers for packets, numbered from first.
func datagram(first uint32, packets ...[]byte) []byte {
	b := &batch{}
	for i, p := range packets {
		b.header(msgLogPacket, 0, 2, 5)
		b.u32(attrLogInput, 3)
		stamp := binary.BigEndian.AppendUint64(nil, 1_700_000_000)
		b.bytes(attrLogTime, binary.BigEndian.AppendUint64(stamp, 250_000))
		b.bytes(attrLogPayload, p)
		b.u32(attrLogNumber, first+uint32(i))
		b.seal()
	}
	b.begin(3, 0) // NLMSG_DONE
	b.seal()
	return b.b
}

// TestDatagrams reads datagrams between which copies were lost, across the wrap
// of the numbers.
func TestDatagrams(t *testing.T) {
	d := &Drops{now: time.Now, next: 1<<32 - 5}
	var got []Drop
	each := func(x *Drop) { got = append(got, *x) }
	d.split(datagram(1<<32-2, ipv4(0, 6, 0, tcp(25)), []byte("no packet"), ipv6(6, tcp(465)...)), each)
	d.split(datagram(4, ipv4(0, 6, 0, tcp(587))), each)
	d.split([]byte("no datagram"), each)
	for i := range got {
		if want := time.Unix(1_700_000_000, 250_000_000); !got[i].At.Equal(want) || got[i].Interface != 3 {
			t.Errorf("drop %d at %v by interface %d, want %v by 3", i, got[i].At, got[i].Interface, want)
		}
		got[i].At, got[i].Interface = time.Time{}, 0
	}
	if diff := diffDrops([]Drop{from(from4, 25, 2, 40), from(from6, 465, 2, 60), from(from4, 587, 2, 40)}, got); diff != "" {
		t.Errorf("drops (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(DropStats{Read: 3, Unreadable: 1, Lost: 3 + 3}, d.Stats()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// TestTimeOfCopies keeps the time of reading where the kernel tells none or
// nonsense.
func TestTimeOfCopies(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for name, stamp := range map[string][]byte{
		"none": nil, "short": make([]byte, 15), "far": slices.Repeat([]byte{0xff}, 16),
	} {
		var e encoder
		e.bytes(attrLogTime, stamp)
		d := Drop{At: now}
		if d.readCopy(e.b); !d.At.Equal(now) {
			t.Errorf("%s: at %v, want %v", name, d.At, now)
		}
	}
}

// FuzzDatagram wants that whatever is read is counted.
func FuzzDatagram(f *testing.F) {
	f.Add(datagram(7, ipv4(0, 6, 0, tcp(25)), ipv6(6, tcp(25)...)))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := &Drops{now: time.Now}
		n := uint64(0)
		d.split(b, func(x *Drop) {
			n++
			if !x.Source.IsValid() || !x.Dest.IsValid() {
				t.Errorf("drop without addresses: %+v", x)
			}
		})
		if s := d.Stats(); s.Read != n || s.Read+s.Unreadable > uint64(len(b)/20) {
			t.Errorf("counted %+v of %d in %d bytes", s, n, len(b))
		}
	})
}

// BenchmarkDatagram is the reading of one copy, of those that come together.
func BenchmarkDatagram(b *testing.B) {
	packets := slices.Repeat([][]byte{ipv4(0, 6, 0, tcp(25)), ipv6(6, tcp(25)...)}, copiesPerMessage/2)
	in := datagram(0, packets...)
	d := &Drops{now: time.Now}
	var ports uint64
	b.ReportAllocs()
	for b.Loop() {
		d.split(in, func(x *Drop) { ports += uint64(x.Port) })
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(packets)), "ns/copy")
	if ports == 0 {
		b.Fatal("nothing was read")
	}
}
