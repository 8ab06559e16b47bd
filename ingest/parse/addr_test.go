package parse

import (
	"net/netip"
	"testing"
)

var addresses = []string{
	"192.0.2.1", "0.0.0.0", "255.255.255.255", "192.0.2.256", "192.0.2.01", "192.0.2", "192.0.2.1.", "1.2.3.4.5", ".1.2.3", "1..2.3",
	"::", "::1", "2001:db8::1", "2001:DB8:0:1::5", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9",
	"1::2::3", ":::", "1:::2", ":1", "1:", "12345::", "::ffff:192.0.2.1", "::192.0.2.1", "1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:7:192.0.2.1",
	"::ffff:192.0.2.300", "::1.2.3", "1.2.3.4:5", "::g", "fe80::1%eth0", "", "unknown", "local", "IPv6:2001:db8::1", "a", "f.", "1:2:3:4:5:6:7:8:", "::1:",
	"0000:0000:0000:0000:0000:ffff:192.168.100.228", "00000:0000:0000:0000:0000:ffff:192.168.100.228",
}

func TestAddressIsThatOfNetip(t *testing.T) {
	for _, s := range addresses {
		sameAsNetip(t, s)
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range addresses {
		f.Add(s)
	}
	f.Fuzz(sameAsNetip)
}

func sameAsNetip(t *testing.T, s string) {
	t.Helper()
	got, rest, ok := address([]byte(s))
	want, err := netip.ParseAddr(s)
	whole := ok && len(rest) == 0
	if valid := err == nil && want.Zone() == ""; whole != valid || whole && got != want.Unmap() {
		t.Errorf("%q: got %v %q %v, netip says %v %v", s, got, rest, ok, want, err)
	}
}

func TestAddressLeavesTheRest(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1]: SASL": "]: SASL", "2001:db8::1], x": "], x", "192.0.2.1, lip": ", lip", "::ffff:192.0.2.1)": ")", "fe80::1%eth0]": "%eth0]",
	} {
		if _, rest, ok := address([]byte(in)); !ok || string(rest) != want {
			t.Errorf("%q: rest %q %v", in, rest, ok)
		}
	}
}
