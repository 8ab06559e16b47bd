package nft

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func parse(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

func TestMerge(t *testing.T) {
	tests := []struct {
		name string
		in   []string
		want []string
	}{
		{"nothing", nil, nil},
		{"one", []string{"192.0.2.7/32"}, []string{"192.0.2.7-192.0.2.7"}},
		{"inside", []string{"192.0.2.0/24", "192.0.2.7/32"}, []string{"192.0.2.0-192.0.2.255"}},
		{"same", []string{"192.0.2.0/24", "192.0.2.9/24"}, []string{"192.0.2.0-192.0.2.255"}},
		{"touching", []string{"192.0.3.0/24", "192.0.2.0/24"}, []string{"192.0.2.0-192.0.3.255"}},
		{"apart", []string{"192.0.2.0/31", "192.0.2.3/32"}, []string{"192.0.2.0-192.0.2.1", "192.0.2.3-192.0.2.3"}},
		{"to the end", []string{"255.255.255.0/24", "255.255.255.255/32"}, []string{"255.255.255.0-255.255.255.255"}},
		{"all", []string{"0.0.0.0/0", "192.0.2.0/24"}, []string{"0.0.0.0-255.255.255.255"}},
		{"mapped", []string{"::ffff:192.0.2.0/120", "192.0.3.0/24"}, []string{"192.0.2.0-192.0.3.255"}},
		{"IPv6", []string{"2001:db8:1::/48", "2001:db8::/48"}, []string{"2001:db8::-2001:db8:1:ffff:ffff:ffff:ffff:ffff"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var ranges []addrRange
			for _, p := range parse(tt.in...) {
				ranges = append(ranges, rangeOf(p))
			}
			got := make([]string, 0, len(tt.want))
			for _, r := range merge(ranges) {
				got = append(got, r.first.String()+"-"+r.last.String())
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("ranges (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSetAllow replaces the allowed addresses several times and looks at the
// borders of each.
func TestSetAllow(t *testing.T) {
	t.Parallel()
	table, _ := standingTable(t, testConfig())
	tests := []struct{ set, in, out []string }{
		{nil, nil, []string{"192.0.2.1", "::1"}},
		{
			[]string{"192.0.2.0/30", "192.0.2.4/32", "2001:db8::/32", "255.0.0.0/8"},
			[]string{"192.0.2.0", "192.0.2.4", "::ffff:192.0.2.3", "2001:db8:ffff::", "255.255.255.255"},
			[]string{"192.0.1.255", "192.0.2.5", "2001:db7::", "2001:db9::", "254.255.255.255"},
		},
		{[]string{"0.0.0.0/0", "::/0"}, []string{"0.0.0.0", "255.255.255.255", "::", "ffff::"}, nil},
		{[]string{"192.0.2.5/32"}, []string{"192.0.2.5"}, []string{"192.0.2.4", "192.0.2.6", "2001:db8::"}},
		{nil, nil, []string{"192.0.2.5"}},
	}
	for _, tt := range tests {
		if err := table.SetAllow(parse(tt.set...)); err != nil {
			t.Fatalf("SetAllow(%v): %v", tt.set, err)
		}
		wantAllowed(t, table, true, tt.in)
		wantAllowed(t, table, false, tt.out)
	}
	if err := table.SetAllow([]netip.Prefix{{}}); err == nil {
		t.Error("SetAllow took a prefix that is none")
	}
}

func wantAllowed(t *testing.T, table *Table, want bool, addrs []string) {
	t.Helper()
	for _, addr := range addrs {
		if _, got, err := table.Lookup(netip.MustParseAddr(addr)); err != nil || got != want {
			t.Errorf("%s allowed: %v (%v), want %v", addr, got, err, want)
		}
	}
}

// TestAllowMany crosses the limit of a message.
func TestAllowMany(t *testing.T) {
	t.Parallel()
	table, _ := standingTable(t, testConfig())
	list := make([]netip.Prefix, 0, 3_000)
	for i := range cap(list) {
		list = append(list, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}), 32))
	}
	for range 2 {
		if err := table.SetAllow(list); err != nil {
			t.Fatal(err)
		}
		wantAllowed(t, table, true, []string{"10.0.0.1", "10.11.183.1", "10.5.5.1"})
		wantAllowed(t, table, false, []string{"10.0.0.2", "10.11.184.1"})
	}
}
