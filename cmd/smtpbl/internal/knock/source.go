package knock

import (
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/nft"
)

// Source is what is known of one source.
type Source struct {
	// Addr is the address of the last packet.
	Addr netip.Addr
	// Prefix is the source: an IPv4 address or an IPv6 /64.
	Prefix netip.Prefix
	// Packets were counted since First. A source that was forgotten in a flood
	// and came again is counted anew.
	Packets     uint64
	First, Last time.Time
	// Rates are packets a second over about the last minute, the last ten
	// minutes and the last hour, or since First where that is shorter.
	Minute, TenMinutes, Hour float64
	// Ports are those that were tried, in order of number, at most sixteen.
	Ports []uint16
	// Recent are the last packets, the newest first, at most four.
	Recent []Packet
}

// Packet is one packet that was dropped.
type Packet struct {
	At    time.Time
	Addr  netip.Addr
	Port  uint16 // 0 where it could not be read
	Flags uint8  // of TCP
}

const (
	maxPorts  = 16
	maxRecent = 4
)

// The spans over which rates are told, as indexes of spans.
const (
	perMinute = iota
	perTenMinutes
	perHour
	rates
)

var spans = [rates]time.Duration{time.Minute, 10 * time.Minute, time.Hour}

// leastAge keeps the rate of a source that has just appeared from being huge.
const leastAge = 10 * time.Second

type source struct {
	key         netip.Addr
	weight      float64 // binary logarithm
	place       int     // in the heap
	packets     uint64
	first, last time.Time
	// decayed counts each packet as one at first and as less with time, so that
	// after the span 1/e of it is left: divided by the span it is a rate.
	decayed [rates]float64
	ports   [maxPorts]uint16
	tried   int // of ports
	recent  [maxRecent]Packet
}

// count adds a packet.
func (s *source) count(d *nft.Drop, now time.Time) {
	if s.packets == 0 {
		s.first, s.last = now, now
	}
	for i := range s.decayed {
		s.decayed[i] = s.decayed[i]*left(now.Sub(s.last), i) + 1
	}
	s.recent[s.packets%maxRecent] = Packet{At: d.At, Addr: d.Source, Port: d.Port, Flags: d.Flags}
	s.packets++
	s.last = now
	if d.Port != 0 && s.tried < maxPorts && !slices.Contains(s.ports[:s.tried], d.Port) {
		s.ports[s.tried] = d.Port
		s.tried++
	}
}

// left is what a time leaves of 1.
func left(after time.Duration, span int) float64 {
	return math.Exp(-float64(after) / float64(spans[span]))
}

// lately is the number of packets within about a span.
func (s *source) lately(span int, now time.Time) float64 {
	return s.decayed[span] * left(now.Sub(s.last), span)
}

// rate is in packets a second. The divisor is what a steady packet a second
// would have come to since the source appeared.
func (s *source) rate(span int, now time.Time) float64 {
	age := max(now.Sub(s.first), leastAge)
	steady := spans[span].Seconds() * (1 - left(age, span))
	return s.lately(span, now) / steady
}

func (s *source) describe(now time.Time) Source {
	out := Source{
		Prefix: netip.PrefixFrom(s.key, s.key.BitLen()), Packets: s.packets, First: s.first, Last: s.last,
		Minute: s.rate(perMinute, now), TenMinutes: s.rate(perTenMinutes, now), Hour: s.rate(perHour, now),
		Ports: slices.Sorted(slices.Values(s.ports[:s.tried])),
	}
	if s.key.Is6() {
		out.Prefix = netip.PrefixFrom(s.key, bits6)
	}
	for i := range min(s.packets, maxRecent) {
		out.Recent = append(out.Recent, s.recent[(s.packets-1-i)%maxRecent])
	}
	out.Addr = out.Recent[0].Addr
	return out
}
