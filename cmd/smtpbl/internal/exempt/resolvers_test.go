package exempt

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestNameServers(t *testing.T) {
	t.Parallel()
	const systemd = "nameserver 192.0.2.2\nnameserver fe80::1%eth0\n"
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"plain":    {"# comment\nnameserver 192.0.2.53\nnameserver\t2001:db8::53 # trailing\nsearch example.org\n", []string{"192.0.2.53", "2001:db8::53"}},
		"stub":     {"nameserver 127.0.0.53\noptions edns0 trust-ad\n", []string{"192.0.2.2", "fe80::1"}},
		"loopback": {"nameserver 127.0.0.1\nnameserver ::1\n", nil},
		"odd":      {" nameserver 192.0.2.1\nnameserver\nnameservers 192.0.2.3\nnameserver 300.1.1.1\nnameserver 0.0.0.0\n; nameserver 192.0.2.4\n", nil},
		"mapped":   {"nameserver ::ffff:192.0.2.5\n", []string{"192.0.2.5"}},
		"empty":    {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			l := &List{Resolv: []string{filepath.Join(dir, "resolv.conf"), filepath.Join(dir, "systemd")}}
			for path, text := range map[string]string{l.Resolv[0]: tt.text, l.Resolv[1]: systemd} {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var want []netip.Addr
			for _, text := range tt.want {
				want = append(want, netip.MustParseAddr(text))
			}
			opt := cmpopts.EquateComparable(netip.Addr{})
			if diff := cmp.Diff(want, l.nameServers(), opt, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("name servers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNoResolvConf(t *testing.T) {
	t.Parallel()
	l := &List{Resolv: []string{filepath.Join(t.TempDir(), "missing")}}
	if got := l.nameServers(); len(got) != 0 {
		t.Errorf("name servers %v", got)
	}
}

func FuzzParseResolv(f *testing.F) {
	f.Add("nameserver 192.0.2.53\nnameserver fe80::1%eth0\n")
	f.Fuzz(func(t *testing.T, text string) {
		got := parseResolv(text)
		if len(got) > maxResolvers {
			t.Errorf("%d name servers", len(got))
		}
		for _, a := range got {
			if !a.IsValid() || a.Is4In6() || a.Zone() != "" || a.IsUnspecified() {
				t.Errorf("name server %v", a)
			}
		}
	})
}
