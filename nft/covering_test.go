package nft

import (
	"net/netip"
	"testing"
)

// TestCovering asks for ranges at their borders and between them. Those that
// reach to the last address of all have no end in the kernel: Linux 6.18.14 to
// 6.18.39 and 7.0 to 7.1.4 answer the question for it with EMFILE.
func TestCovering(t *testing.T) {
	t.Parallel()
	const low, high = "192.0.2.0-192.0.3.127", "255.0.0.0-255.255.255.255"
	const low6, high6 = "2001:db8::-2001:db8::ffff:ffff:ffff:ffff", "ff00::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
	ranges := map[string]string{
		"192.0.1.255": "", "192.0.2.0": low, "192.0.2.255": low, "192.0.3.0": low, "192.0.3.127": low, "192.0.3.128": "",
		"254.255.255.255": "", "255.0.0.0": high, "255.1.2.3": high, "255.255.255.254": high, "255.255.255.255": high,
		"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff": "", "2001:db8::": low6, "2001:db8::1": low6,
		"2001:db8::ffff:ffff:ffff:ffff": low6, "2001:db8:0:1::": "",
		"feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "", "ff00::": high6, "ff02::1": high6,
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": high6,
	}
	p := newPair(t, true)
	for _, s := range []*side{p.kernel, p.fake} {
		ensure(t, s.table)
		setFeed(t, s.table, "192.0.2.0/24", "192.0.3.0/25", "255.0.0.0/8", "2001:db8::/64", "ff00::/8")
		for text, want := range ranges {
			addr := netip.MustParseAddr(text)
			r, ok, err := s.table.sock.covering(s.cfg.Table, s.table.feeds[familyIndex(addr)], addr)
			got := ""
			if ok {
				got = r.first.String() + "-" + r.last.String()
			}
			if err != nil || got != want {
				t.Errorf("%s: %s lies in %q, %v, want %q", s.name, addr, got, err, want)
			}
		}
	}
}
