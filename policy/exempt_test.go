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
		inside bool
	}{
		{"192.0.2.8/29", RefusedGateway, true},
		{"192.0.2.12/32", RefusedGateway, true},
		{"192.0.2.0/24", "", true},
		{"198.51.100.0/24", "", false},
		{"127.0.0.1/32", RefusedLoopback, true},
		{"fe80::/64", RefusedLinkLocal, true},
		{"::/0", "", true},
		{"ff02::/16", RefusedNeverBan, true},
		{"0.0.0.0/32", RefusedNeverBan, true},
	} {
		p := netip.MustParsePrefix(c.prefix)
		why, whole := e.ExemptPrefix(p)
		if why != c.why || whole != (c.why != "") || e.ExemptInside(p) != c.inside {
			t.Errorf("%s: %q %v, inside %v; want %q, inside %v", p, why, whole, e.ExemptInside(p), c.why, c.inside)
		}
	}
}
