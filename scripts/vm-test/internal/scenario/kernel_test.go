package scenario

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// table is from nft 1.0.6 on Linux 6.1, with a set of nft 1.1.3 on Linux 6.12,
// which prints the counter behind the times.
const table = `table inet smtpbl {
	counter seen {
		packets 96 bytes 5760
	}

	set ports {
		type inet_service
		elements = { 25, 465, 587 }
	}

	set allow4 {
		type ipv4_addr
		flags interval
		elements = { 127.0.0.1, 192.0.2.25 }
	}

	set ban4 {
		type ipv4_addr
		size 288358
		flags timeout
		counter
		gc-interval 30s
		elements = { 100.64.1.10 counter packets 2 bytes 120 timeout 4h15m55s996ms expires 4h15m49s904ms,
			     100.64.2.10 counter packets 0 bytes 0 timeout 1d4h expires 1d3h59m59s }
	}

	set ban4_24 {
		type ipv4_addr
		flags timeout
		counter
		elements = { 100.64.9.0 timeout 4h5m57s expires 4h5m54s836ms counter packets 7 bytes 420 }
	}

	set ban6_64 {
		type ipv6_addr
		flags timeout
		elements = { 2001:db8:8001:: timeout 2d expires 100ms }
	}

	set manual4 {
		type ipv4_addr
		flags timeout
	}
}
`

func TestParseTable(t *testing.T) {
	got, err := parseTable(table)
	if err != nil {
		t.Fatal(err)
	}
	const s, ms = time.Second, time.Millisecond
	want := []Element{
		{"ban4", netip.MustParsePrefix("100.64.1.10/32"), 15355*s + 996*ms, 15349*s + 904*ms, 2},
		{"ban4", netip.MustParsePrefix("100.64.2.10/32"), 28 * time.Hour, 28*time.Hour - s, 0},
		{"ban4_24", netip.MustParsePrefix("100.64.9.0/24"), 14757 * s, 14754*s + 836*ms, 7},
		{"ban6_64", netip.MustParsePrefix("2001:db8:8001::/64"), 48 * time.Hour, 100 * ms, 0},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestParseTableRefuses what it does not understand, rather than to overlook a
// ban.
func TestParseTableRefuses(t *testing.T) {
	for _, elements := range []string{"100.64.1", "100.64.1.10 timeout soon", "100.64.1.10 packets many", "100.64.1.10,"} {
		text := "table inet smtpbl {\n\tset ban4 {\n\t\telements = { " + elements + " }\n\t}\n}\n"
		if got, err := parseTable(text); err == nil {
			t.Errorf("%q: %v", elements, got)
		}
	}
}

// TestAttackersAreStrangers expects that none shares a net with another, or a
// ban of both nets would hide what one of them earned.
func TestAttackersAreStrangers(t *testing.T) {
	var s scenario
	nets := map[netip.Prefix]bool{}
	for range 2000 {
		for _, a := range []attacker{s.next4(), s.next6()} {
			bits := 24
			if a.addr.Is6() {
				bits = 48
			}
			net, _ := a.addr.Prefix(bits)
			if nets[net] {
				t.Fatalf("%s is there twice", net)
			}
			nets[net] = true
			if !netip.MustParsePrefix("100.64.0.0/10").Contains(a.addr) && !netip.MustParsePrefix("2001:db8:8000::/33").Contains(a.addr) {
				t.Fatalf("%s is not in the lab", a.addr)
			}
			if !net.Contains(a.neighbour()) || a.neighbour() == a.addr {
				t.Fatalf("%s is no neighbour of %s", a.neighbour(), a.addr)
			}
		}
	}
}
