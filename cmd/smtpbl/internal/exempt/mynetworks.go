package exempt

import (
	"net/netip"
	"strings"
)

const (
	// maxNetworks bounds the list, also where exclusions split nets.
	maxNetworks = 4096
	// widest is the shortest prefix that is believed: whoever lets a wider one
	// relay has made a mistake, or trusts what nobody should.
	widest = 8
	// mappedBits are those before the IPv4 address in ::ffff:0:0/96 (RFC 4291,
	// 2.5.5.2).
	mappedBits = 96
)

// parseNetworks reads Postfix's mynetworks as postconf(5) describes it: entries
// between commas and white space, IPv6 in brackets, ! for an exclusion. Postfix
// stops at the first match, so an exclusion counts for what comes after it.
// Tables, files and what is no net are left out.
func parseNetworks(text string) (nets []netip.Prefix, skipped []skip) {
	var excluded []netip.Prefix
	entries := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || strings.ContainsRune(" \t\r\n", r) })
	for _, entry := range entries {
		if len(nets)+len(excluded) >= maxNetworks {
			return nets, append(skipped, skip{entry, "and all after it are too many"})
		}
		rest, not := strings.CutPrefix(entry, "!")
		p, why := parseNetwork(rest)
		switch {
		case why != "" && not:
			// What it takes out is not known, so all that comes after it may
			// be excluded.
			return nets, append(skipped, skip{entry, why + ", and with an exclusion all that comes after it is left out"})
		case why != "":
			skipped = append(skipped, skip{entry, why})
		case not:
			excluded = append(excluded, p)
		case tooWide(p):
			skipped = append(skipped, skip{entry, "is wider than a /8"})
		default:
			nets = append(nets, without(p, excluded)...)
		}
	}
	return nets[:min(len(nets), maxNetworks)], skipped
}

// parseNetwork reads one entry, or tells why not.
func parseNetwork(text string) (p netip.Prefix, why string) {
	if open, ok := strings.CutPrefix(text, "["); ok { // [2001:db8::]/32 or [::1]
		addr, bits, closed := strings.Cut(open, "]")
		if !closed || bits != "" && bits[0] != '/' {
			return p, "has an open bracket"
		}
		text = addr + bits
	}
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), ""
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil && strings.HasPrefix(text, "/"):
		return p, "is a file, which is not read"
	case err != nil && strings.Contains(text, ":"):
		return p, "is a table, which is not read"
	case err != nil:
		return p, "is no net"
	case p != p.Masked():
		return p, "has host bits set" // which Postfix refuses as well
	case p.Addr().Is4In6() && p.Bits() < mappedBits:
		return p, "is wider than IPv4"
	case p.Addr().Is4In6(): // Debian's default names loopback this way too
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mappedBits)
	}
	return p, ""
}

func tooWide(p netip.Prefix) bool { return p.Bits() < widest }

// without returns p without what is excluded, as prefixes.
func without(p netip.Prefix, excluded []netip.Prefix) []netip.Prefix {
	out := []netip.Prefix{p}
	for _, x := range excluded {
		var left []netip.Prefix
		for _, q := range out {
			left = carve(left, q, x)
		}
		out = left
	}
	return out
}

// carve appends q without x: the half that x is in is carved further.
func carve(out []netip.Prefix, q, x netip.Prefix) []netip.Prefix {
	switch {
	case !q.Overlaps(x) || len(out) >= maxNetworks:
		return append(out, q)
	case x.Bits() <= q.Bits():
		return out
	}
	low, high := halves(q)
	return carve(carve(out, low, x), high, x)
}

// halves splits a prefix that is no single address.
func halves(q netip.Prefix) (low, high netip.Prefix) {
	bits := q.Bits()
	b := q.Addr().AsSlice()
	b[bits/8] |= 0x80 >> (bits % 8)
	upper, _ := netip.AddrFromSlice(b) // as long as it was
	return netip.PrefixFrom(q.Addr(), bits+1), netip.PrefixFrom(upper, bits+1)
}
