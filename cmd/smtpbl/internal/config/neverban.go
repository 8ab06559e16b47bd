package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// NeverBan is one entry of never_ban: a prefix, or a host name that has to be
// resolved.
type NeverBan struct {
	Prefix netip.Prefix // masked and unmapped; the zero Prefix for a host name
	Host   string       // empty for a prefix
}

// String returns the entry as it is written in the file.
func (n NeverBan) String() string {
	switch {
	case n.Host != "":
		return n.Host
	case n.Prefix.IsSingleIP():
		return n.Prefix.Addr().String()
	}
	return n.Prefix.String()
}

func parseNeverBan(s string) (NeverBan, *problem) {
	if strings.Contains(s, "/") {
		return parseNeverBanPrefix(s)
	}
	if addr, err := netip.ParseAddr(s); err == nil {
		if addr.Zone() != "" {
			return NeverBan{}, &problem{message: fmt.Sprintf("%q has a zone", s), hint: "write " + addr.WithZone("").String()}
		}
		addr = addr.Unmap()
		return NeverBan{Prefix: netip.PrefixFrom(addr, addr.BitLen())}, nil
	}
	if !isHostName(s) {
		return NeverBan{}, &problem{
			message: fmt.Sprintf("%q is neither an address nor a prefix nor a host name", s),
			hint:    `write for example "192.0.2.1", "2001:db8::/32" or "office.example.org"`,
		}
	}
	return NeverBan{Host: s}, nil
}

func parseNeverBanPrefix(s string) (NeverBan, *problem) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return NeverBan{}, &problem{message: fmt.Sprintf("%q is not a prefix", s), hint: `write for example "192.0.2.0/24" or "2001:db8::/32"`}
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	switch {
	case p.Bits() == 0:
		return NeverBan{}, &problem{message: fmt.Sprintf("%q is everybody: nobody would ever be banned", s), hint: "smtpbl run --dry-run decides without banning"}
	case p != p.Masked():
		return NeverBan{}, &problem{
			message: fmt.Sprintf("%q has bits set behind its length", s),
			hint:    fmt.Sprintf("for the net write %q, for the one address %q", p.Masked(), p.Addr()),
		}
	}
	return NeverBan{Prefix: p}, nil
}

// isHostName tells whether s is a host name as RFC 1123 section 2.1 allows
// it. A last label of digits only is a mistyped address, not a name.
func isHostName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if s == "" || len(s) > 253 {
		return false
	}
	labels := strings.Split(s, ".")
	for _, label := range labels {
		if !isLabel(label) {
			return false
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		if c != '-' && !isLetter(c) && !isDigit(c) {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
