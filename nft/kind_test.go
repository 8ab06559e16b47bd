package nft

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
)

func TestNormalize(t *testing.T) {
	tests := []struct{ in, want, set string }{
		{"192.0.2.1/32", "192.0.2.1/32", "ban4"},
		{"192.0.2.1/24", "192.0.2.0/24", "ban4_24"},
		{"192.0.2.33/27", "192.0.2.32/27", "ban4_27"},
		{"10.1.2.3/8", "10.0.0.0/8", "ban4_8"},
		{"10.1.2.3/7", "", ""},
		{"0.0.0.0/0", "", ""},
		{"::ffff:192.0.2.1/128", "192.0.2.1/32", "ban4"},
		{"::ffff:192.0.2.1/120", "192.0.2.0/24", "ban4_24"},
		{"::ffff:192.0.2.1/96", "", ""},
		{"::ffff:192.0.2.1/95", "", ""},
		{"2001:db8::1/128", "2001:db8::1/128", "ban6_128"},
		{"2001:db8::1/64", "2001:db8::/64", "ban6_64"},
		{"2001:db8:1:2::/48", "2001:db8:1::/48", "ban6_48"},
		{"2001:db8::/16", "2001::/16", "ban6_16"},
		{"2001:db8::/15", "", ""},
		{"::/0", "", ""},
	}
	for _, tt := range tests {
		got, err := Normalize(netip.MustParsePrefix(tt.in))
		if tt.want == "" {
			if !errors.Is(err, ErrPrefix) {
				t.Errorf("Normalize(%s) = %v, %v, want ErrPrefix", tt.in, got, err)
			}
			continue
		}
		set := Key{Prefix: got}.Set()
		if err != nil || got.String() != tt.want || set != tt.set {
			t.Errorf("Normalize(%s) = %v, %v in set %s, want %s in %s", tt.in, got, err, set, tt.want, tt.set)
		}
	}
	if _, err := Normalize(netip.Prefix{}); !errors.Is(err, ErrPrefix) {
		t.Errorf("Normalize of nothing: %v, want ErrPrefix", err)
	}
}

// TestKindNames turns each name into its kind again and refuses all others.
func TestKindNames(t *testing.T) {
	for _, family := range []struct {
		v6         bool
		first, end int
	}{{false, minBits4, 32}, {true, minBits6, 128}} {
		for bits := family.first; bits <= family.end; bits++ {
			for layer := range LayerFeed {
				want := kind{layer: layer, v6: family.v6, bits: bits}
				if got, ok := kindNamed(want.set()); !ok || got != want {
					t.Errorf("kindNamed(%s) = %+v, %v, want %+v", want.set(), got, ok, want)
				}
			}
		}
	}
	names := []string{"", "ban", "ban6", "ban4_", "ban4_32", "ban4_024", "ban4_7", "ban4_33", "ban6_15", "ban6_129", "ban5_24", "ban4_-24", "allow4", "xban4", "manual", "manual4_32", "all", "all4_32", "all6", "feed4"}
	for _, name := range names {
		if k, ok := kindNamed(name); ok {
			t.Errorf("kindNamed(%q) = %+v, want none", name, k)
		}
	}
}

func TestCounterNames(t *testing.T) {
	want := map[string]bool{
		"seen": true, "marked": true, "unmarked": true, "copied": true, "logged": true, "log_limited": true, "dropped4": true, "dropped4_24": true,
		"dropped6_64": true, "dropped6_48": true, "dropped6_128": true, "dropped4_other": true, "dropped6_other": true,
		"dropped4_manual": true, "dropped6_manual": true, "dropped4_all": true, "dropped6_all": true, "dropped4_feed": true, "dropped6_feed": true,
	}
	names := counterNames()
	for _, name := range names {
		if !want[name] {
			t.Errorf("counter %s is not wanted", name)
		}
	}
	if len(names) != len(want) {
		t.Errorf("%d counters, want %d", len(names), len(want))
	}
	for bits := minBits6; bits <= 128; bits++ {
		k := kind{v6: true, bits: bits}
		if name := k.counter(); !want[name] {
			t.Error(fmt.Sprint("kind ", k, " counts in ", name, ", which is not there"))
		}
	}
}
