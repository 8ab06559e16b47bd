package policy

import (
	"net/netip"
	"testing"
)

func TestExemptPrefix(t *testing.T) {
	e := New(testConfig, start)
	e.SetExempt([]Exemption{{netip.MustParsePrefix("::ffff:192.0.2.9/125"), RefusedGateway}, {Refusal: RefusedOwn}})
	for _, c := range []struct {
		prefix string
		why    Refusal
	}{
		{"192.0.2.8/29", RefusedGateway},
		{"192.0.2.12/32", RefusedGateway},
		{"192.0.2.0/24", ""},
		{"198.51.100.0/24", ""},
		{"127.0.0.1/32", RefusedLoopback},
		{"fe80::/64", RefusedLinkLocal},
		{"::/0", ""},
		{"ff02::/16", RefusedNeverBan},
		{"0.0.0.0/32", RefusedNeverBan},
	} {
		p := netip.MustParsePrefix(c.prefix)
		why, whole := e.ExemptPrefix(p)
		if why != c.why || whole != (c.why != "") {
			t.Errorf("%s: %q %v; want %q", p, why, whole, c.why)
		}
	}
}
