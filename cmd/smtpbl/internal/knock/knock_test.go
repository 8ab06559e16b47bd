package knock

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/nft"
)

var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// drop is a SYN of a source to a port.
func drop(src string, port uint16, at time.Time) *nft.Drop {
	return &nft.Drop{At: at, Source: netip.MustParseAddr(src), Port: port, Flags: 2}
}

// number is the n-th IPv4 address of those that begin with first.
func number(first byte, n int) netip.Addr {
	return netip.AddrFrom4([4]byte{first, byte(n >> 16), byte(n >> 8), byte(n)})
}

var compareAddrs = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

// TestSource tells all there is about two sources; addresses of one /64 are one.
func TestSource(t *testing.T) {
	tally := New(10, start)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	for i, port := range []uint16{587, 25, 25, 465, 0, 25} {
		tally.Add(drop("192.0.2.7", port, at(i)), at(i))
	}
	tally.Add(drop("2001:db8:1:2::3", 25, at(6)), at(6))
	tally.Add(drop("2001:db8:1:2:ffff::4", 25, at(7)), at(7))
	got := tally.Top(5, at(8))
	if len(got) != 2 || tally.Len() != 2 {
		t.Fatalf("%d sources of %d, want 2 of 2", len(got), tally.Len())
	}
	for i := range got {
		got[i].Minute, got[i].TenMinutes, got[i].Hour = 0, 0, 0
	}
	four, six := netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8:1:2::")
	last := netip.MustParseAddr("2001:db8:1:2:ffff::4")
	want := []Source{{
		Addr: four, Prefix: netip.PrefixFrom(four, 32), Packets: 6, First: at(0), Last: at(5), Ports: []uint16{25, 465, 587},
		Recent: []Packet{{at(5), four, 25, 2}, {at(4), four, 0, 2}, {at(3), four, 465, 2}, {at(2), four, 25, 2}},
	}, {
		Addr: last, Prefix: netip.PrefixFrom(six, 64), Packets: 2, First: at(6), Last: at(7), Ports: []uint16{25},
		Recent: []Packet{{at(7), last, 25, 2}, {at(6), netip.MustParseAddr("2001:db8:1:2::3"), 25, 2}},
	}}
	if diff := cmp.Diff(want, got, compareAddrs, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
	if late := tally.Top(5, at(5).Add(Lately)); len(late) != 1 {
		t.Errorf("%d sources an hour later, want the later one alone", len(late))
	}
}

// TestRates sends steadily and finds that rate at once, in every span, and how
// it fades.
func TestRates(t *testing.T) {
	tally := New(10, start)
	const perSecond = 20
	now := start
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > want*0.1 {
			t.Errorf("%s: %.3f packets a second, want about %.3f", what, got, want)
		}
	}
	for i := 1; i <= 600*perSecond; i++ {
		tally.Add(drop("192.0.2.7", 25, now), now)
		now = now.Add(time.Second / perSecond)
		if i == 12*perSecond || i == 600*perSecond {
			s := tally.Top(1, now)[0]
			near("last minute", s.Minute, perSecond)
			near("ten minutes", s.TenMinutes, perSecond)
			near("hour", s.Hour, perSecond)
		}
	}
	s := tally.Top(1, now.Add(time.Minute))[0]
	near("a minute later", s.Minute, perSecond/math.E)
	one := New(1, start)
	one.Add(drop("192.0.2.7", 25, start), start)
	near("one packet", one.Top(1, start)[0].Minute, 1/leastAge.Seconds())
}

// TestManyPorts bounds what is kept of a source that tries all ports.
func TestManyPorts(t *testing.T) {
	tally := New(1, start)
	for port := range uint16(5000) {
		tally.Add(drop("192.0.2.7", port, start), start)
	}
	if s := tally.Top(1, start)[0]; len(s.Ports) != maxPorts || len(s.Recent) != maxRecent || s.Packets != 5000 {
		t.Errorf("%d ports, %d packets kept of %d", len(s.Ports), len(s.Recent), s.Packets)
	}
}

// TestFloodCannotHide mixes packets of a million new sources with those of
// fifty that knock again and again: these stay, and memory does.
func TestFloodCannotHide(t *testing.T) {
	const places, heavy, flood, every = 10_000, 50, 1_000_000, 100
	tally := New(places, start)
	now := start
	d := &nft.Drop{Port: 25}
	sent := uint64(0)
	for i := range flood {
		now = now.Add(600 * time.Microsecond) // ten minutes in all
		d.Source = number(10+byte(i>>24), i)
		tally.Add(d, now)
		if i%every == 0 {
			d.Source = number(192, i/every%heavy)
			tally.Add(d, now)
			sent++
		}
	}
	if n := tally.Len(); n != places {
		t.Errorf("%d sources are kept, want %d", n, places)
	}
	each := sent / heavy
	for _, s := range tally.Top(heavy, now) {
		if s.Addr.As4()[0] != 192 {
			t.Errorf("%v with %d packets is among the first %d", s.Addr, s.Packets, heavy)
		}
		if s.Packets > each || s.Packets < each*9/10 {
			t.Errorf("%d packets of %v are counted, of %d sent", s.Packets, s.Addr, each)
		}
	}
}

// TestHeavyAreKept compares with weights that are kept for every source: whoever
// has more than a k-th of all weight has one of the k places, at every moment.
func TestHeavyAreKept(t *testing.T) {
	const places, sources = 12, 200
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		law := rand.NewZipf(r, 1.1+r.Float64(), 1, sources-1)
		tally := New(places, start)
		weights := map[netip.Addr]float64{}
		now := start
		shift := 0 // who is heavy changes with time
		for range 4_000 {
			pause := time.Duration(r.ExpFloat64() * float64(time.Second))
			now = now.Add(pause)
			total := 1.0
			for addr := range weights {
				weights[addr] *= math.Exp2(-float64(pause) / float64(halfLife))
				total += weights[addr]
			}
			if r.IntN(500) == 0 {
				shift = r.IntN(sources)
			}
			addr := number(10, (int(law.Uint64())+shift)%sources)
			weights[addr]++
			tally.Add(&nft.Drop{Source: addr}, now)
			for addr, w := range weights {
				if _, kept := tally.sources[addr]; !kept && w > total/places*1.000001 {
					t.Fatalf("seed %d: %v has %v of %v and no place", seed, addr, w, total)
				}
			}
		}
	}
}

// TestNewcomersFindAPlace forgets those who stopped: after hours of weight from
// some, others are seen.
func TestNewcomersFindAPlace(t *testing.T) {
	tally := New(2, start)
	for range 100_000 {
		tally.Add(drop("192.0.2.1", 25, start), start)
		tally.Add(drop("192.0.2.2", 25, start), start)
	}
	now := start.Add(5 * time.Hour)
	for range 3 {
		tally.Add(drop("192.0.2.3", 25, now), now)
	}
	tally.Add(drop("192.0.2.4", 25, now), now)
	if top := tally.Top(1, now); top[0].Addr != netip.MustParseAddr("192.0.2.3") || top[0].Packets != 3 {
		t.Errorf("first is %+v, want 192.0.2.3 with 3 packets", top[0])
	}
	now = start.Add(50 * 365 * 24 * time.Hour)
	tally.Add(drop("192.0.2.5", 25, now), now)
	if top := tally.Top(5, now); len(top) != 1 || math.IsNaN(top[0].Minute) || math.IsInf(tally.order[0].weight, 0) {
		t.Errorf("after fifty years: %+v", top)
	}
}

// BenchmarkAdd counts packets of sources that are new, and of few.
func BenchmarkAdd(b *testing.B) {
	for name, sources := range map[string]int{"flood": 1 << 24, "few": 100} {
		b.Run(name, func(b *testing.B) {
			tally := New(10_000, start)
			d := &nft.Drop{Port: 25}
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				i++
				d.Source = number(10, i%sources)
				tally.Add(d, start.Add(time.Duration(i)*time.Millisecond))
			}
		})
	}
}

// BenchmarkTop is what a refresh costs the service.
func BenchmarkTop(b *testing.B) {
	tally := New(10_000, start)
	for i := range 50_000 {
		tally.Add(&nft.Drop{Source: number(10, i%15_000), Port: 25}, start)
	}
	for b.Loop() {
		tally.Top(20, start)
	}
}
