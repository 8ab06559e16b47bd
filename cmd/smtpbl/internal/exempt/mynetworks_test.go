package exempt

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseNetworks(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text    string
		want    []string
		skipped []string
	}{
		"default":    {"127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128\n", []string{"127.0.0.0/8", "127.0.0.0/8", "::1/128"}, nil},
		"mapped":     {"[::ffff:192.0.2.0]/124 [::ffff:0:0]/96 [::ffff:192.0.2.1]/120", []string{"192.0.2.0/28"}, []string{"[::ffff:0:0]/96", "[::ffff:192.0.2.1]/120"}},
		"commas":     {"192.0.2.0/28,\t198.51.100.7 , [2001:db8::1] 2001:db8:1::/48", []string{"192.0.2.0/28", "198.51.100.7/32", "2001:db8::1/128", "2001:db8:1::/48"}, nil},
		"exclusion":  {"!192.0.2.2 192.0.2.0/30", []string{"192.0.2.0/31", "192.0.2.3/32"}, nil},
		"too late":   {"192.0.2.0/30 !192.0.2.2", []string{"192.0.2.0/30"}, nil},
		"all of it":  {"!192.0.0.0/16 192.0.2.0/24 198.51.100.0/24", []string{"198.51.100.0/24"}, nil},
		"of both":    {"!10.1.0.0/16 ![2001:db8::]/33 10.0.0.0/15 [2001:db8::]/32", []string{"10.0.0.0/16", "2001:db8:8000::/33"}, nil},
		"tables":     {"cidr:/etc/postfix/nets, /etc/postfix/more 10.0.0.0/8 hash:/etc/postfix/x", []string{"10.0.0.0/8"}, []string{"cidr:/etc/postfix/nets", "/etc/postfix/more", "hash:/etc/postfix/x"}},
		"everything": {"0.0.0.0/0 [::]/0 8.0.0.0/7 10.0.0.0/8", []string{"10.0.0.0/8"}, []string{"0.0.0.0/0", "[::]/0", "8.0.0.0/7"}},
		// What the table takes out cannot be known.
		"excluded table": {"192.0.2.0/24 !cidr:/etc/postfix/bad 198.51.100.0/24", []string{"192.0.2.0/24"}, []string{"!cidr:/etc/postfix/bad"}},
		"odd":            {"192.0.2.1/24 [2001:db8::/32 [::1]x 10/8 example.org [fe80::1%eth0] !", nil, []string{"192.0.2.1/24", "[2001:db8::/32", "[::1]x", "10/8", "example.org", "[fe80::1%eth0]", "!"}},
		"empty":          {" \n", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nets, left := parseNetworks(tt.text)
			var got, skipped []string
			for _, p := range nets {
				got = append(got, p.String())
			}
			for _, s := range left {
				skipped = append(skipped, s.text)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("nets (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.skipped, skipped, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("left out (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzParseNetworks: nothing is exempt that an exclusion before it names.
func FuzzParseNetworks(f *testing.F) {
	f.Add("!192.0.2.2 192.0.2.0/30, [2001:db8::]/32", "192.0.2.2")
	f.Add("!10.0.0.0/9 10.0.0.0/8 hash:/x", "10.200.0.1")
	f.Fuzz(func(t *testing.T, text, addr string) {
		nets, _ := parseNetworks(text)
		if len(nets) > maxNetworks {
			t.Fatalf("%d nets", len(nets))
		}
		for _, p := range nets {
			if !p.IsValid() || p != p.Masked() || tooWide(p) || p.Addr().Is4In6() {
				t.Errorf("net %v", p)
			}
		}
		a, err := netip.ParseAddr(addr)
		if err != nil || a.Zone() != "" || a.Is4In6() {
			return
		}
		after, _ := parseNetworks("!" + bracketed(a) + " " + text)
		for _, p := range after {
			if p.Contains(a) {
				t.Errorf("%v is excluded, and in %v", a, p)
			}
		}
	})
}

func bracketed(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}

// TestManyExclusions bounds what they split a net into.
func TestManyExclusions(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 5000 {
		b.WriteString("!" + netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}).String() + " ")
	}
	nets, skipped := parseNetworks(b.String() + "10.0.0.0/8")
	if len(nets) != 0 || len(skipped) != 1 {
		t.Errorf("%d nets, left out %v", len(nets), skipped)
	}
}
