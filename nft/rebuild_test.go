package nft

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"
)

// TestRebuildCarriesEverything makes the sets anew and finds in them what was
// there: counters, bans without an end that somebody else added, allowed
// addresses.
func TestRebuildCarriesEverything(t *testing.T) {
	t.Parallel()
	const n = 25
	l := newLab(t, testConfig(), "192.0.2.10")
	apply(t, l.table, append(someBans(), ban("192.0.2.10/32", time.Hour))...)
	src := netip.MustParseAddr("192.0.2.10")
	s := l.client.Sender(t, src, l.to(src, 25))
	for range n {
		if err := s.Send(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, 5*time.Second, "all packets are counted", func() bool {
		return query(t, l.table.Reader, netip.PrefixFrom(src, 32))[0].Packets == n
	})
	b := newBatch(nil)
	permanent := netip.MustParsePrefix("198.51.100.1/32")
	b.elements(unix.NFT_MSG_NEWSETELEM, create, "smtpbl", "ban4", []element{keyed(permanent)})
	if err := l.table.sock.commit(b); err != nil {
		t.Fatal(err)
	}
	if err := l.table.SetAllow(parse("203.0.113.0/24", "2001:db8:aaaa::/48")); err != nil {
		t.Fatal(err)
	}
	before := listed(t, l.table.Reader)

	l.table.allow = nil // as in a process that has not called SetAllow
	a, err := l.table.ensure(true)
	if err != nil || a.Outcome != Rebuilt || a.Carried != len(someBans())+2 {
		t.Fatalf("rebuild: %+v, %v", a, err)
	}
	opts := []cmp.Option{cmpopts.EquateComparable(netip.Prefix{}), cmpopts.IgnoreFields(Ban{}, "Remaining")}
	if diff := cmp.Diff(before, listed(t, l.table.Reader), opts...); diff != "" {
		t.Errorf("bans (-before +after):\n%s", diff)
	}
	if bans := query(t, l.table.Reader, permanent); len(bans) != 1 || bans[0].Timeout != 0 {
		t.Errorf("ban without end became %+v", bans)
	}
	wantAllowed(t, l.table, true, []string{"203.0.113.255", "2001:db8:aaaa::1"})
	wantAllowed(t, l.table, false, []string{"203.0.114.0", "2001:db8:aaab::"})
	wantIntact(t, l.table, true)
}
