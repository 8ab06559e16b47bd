package nft

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

func setFeed(t testing.TB, table *Table, prefixes ...string) {
	t.Helper()
	if err := table.SetFeed(parse(prefixes...)); err != nil {
		t.Fatalf("SetFeed: %v", err)
	}
}

// fed returns what the feed has for an address, or no prefix.
func fed(t testing.TB, r *Reader, addr string) netip.Prefix {
	t.Helper()
	bans, _, err := r.Lookup(netip.MustParseAddr(addr))
	if err != nil {
		t.Fatalf("Lookup: %v", err)
	}
	for _, b := range bans {
		if b.Layer == LayerFeed && b.Timeout == 0 {
			return b.Prefix
		}
	}
	return netip.Prefix{}
}

// wantFed compares what the feed has for several addresses; "" is nothing.
func wantFed(t testing.TB, r *Reader, want map[string]string) {
	t.Helper()
	for addr, prefix := range want {
		var wanted netip.Prefix
		if prefix != "" {
			wanted = netip.MustParsePrefix(prefix)
		}
		if got := fed(t, r, addr); got != wanted {
			t.Errorf("feed has %v for %s, want %v", got, addr, wanted)
		}
	}
}

// TestSetFeed replaces the feed several times and looks at the borders of each.
func TestSetFeed(t *testing.T) {
	t.Parallel()
	table, _ := standingTable(t, testConfig())
	tests := []struct {
		set  []string
		want map[string]string
		sets feedSets
	}{
		{nil, map[string]string{"192.0.2.1": "", "2001:db8::1": ""}, feedSets{}},
		{
			[]string{"192.0.2.0/25", "192.0.2.128/25", "192.0.2.7/32", "198.51.100.8/32", "198.51.100.9/32", "::ffff:203.0.113.5/128", "255.0.0.0/8"},
			map[string]string{
				"192.0.2.0": "192.0.2.0/24", "192.0.2.255": "192.0.2.0/24", "192.0.1.255": "", "192.0.3.0": "",
				"198.51.100.9": "198.51.100.8/31", "198.51.100.10": "", "203.0.113.5": "203.0.113.5/32",
				"255.255.255.255": "255.0.0.0/8", "254.255.255.255": "", "2001:db8::": "",
			},
			feedSets{"feed4_a", ""},
		},
		{
			[]string{"10.0.0.0/7", "10.0.0.255/32", "2001:db8::/33", "ffff::/16"},
			map[string]string{"11.255.255.255": "10.0.0.0/7", "192.0.2.0": "", "2001:db8:7fff::": "2001:db8::/33", "ffff::1": "ffff::/16", "fffe::": ""},
			feedSets{"feed4_b", "feed6_a"},
		},
		{
			[]string{"10.0.0.0/7", "2001:db8:ffff::/48"},
			map[string]string{"10.0.0.1": "10.0.0.0/7", "2001:db8:7fff::": "", "2001:db8:ffff::": "2001:db8:ffff::/48"},
			feedSets{"feed4_b", "feed6_b"}, // IPv4 is the same as before
		},
		{[]string{"0.0.0.0/0", "::/0"}, map[string]string{"0.0.0.0": "0.0.0.0/0", "ffff::": "::/0"}, feedSets{"feed4_a", "feed6_a"}},
		{nil, map[string]string{"10.0.0.1": "", "::1": ""}, feedSets{}},
	}
	for _, tt := range tests {
		setFeed(t, table, tt.set...)
		wantFed(t, table.Reader, tt.want)
		wantIntact(t, table, true)
		if table.feeds != tt.sets {
			t.Errorf("feeds in sets %q, want %q", table.feeds, tt.sets)
		}
		wantFeedSets(t, table, tt.sets)
	}
	if err := table.SetFeed([]netip.Prefix{{}}); !errors.Is(err, ErrPrefix) {
		t.Errorf("SetFeed of no prefix: %v, want ErrPrefix", err)
	}
}

// wantFeedSets looks for sets that are left over.
func wantFeedSets(t testing.TB, table *Table, want feedSets) {
	t.Helper()
	f, err := table.sock.find(table.cfg.Table)
	if err != nil {
		t.Fatal(err)
	}
	if f.feeds != want {
		t.Errorf("rules look into %q, want %q", f.feeds, want)
	}
	for family, names := range feedNames {
		for _, name := range names {
			if _, ok := f.sets[name]; ok != (name == want[family]) {
				t.Errorf("set %s stands: %v, want %v", name, ok, !ok)
			}
		}
	}
}

// manyRanges makes n addresses that do not touch each other.
func manyRanges(n int) []netip.Prefix {
	list := make([]netip.Prefix, n)
	for i := range list {
		list[i] = netip.PrefixFrom(netip.AddrFrom4([4]byte{100 + byte(i>>23), byte(i >> 15), byte(i >> 7), byte(i << 1)}), 32)
	}
	return list
}

// TestLargeFeed crosses the limits of messages and transactions.
func TestLargeFeed(t *testing.T) {
	t.Parallel()
	table, _ := standingTable(t, testConfig())
	for _, n := range []int{rangesPerBatch - 1, rangesPerBatch, rangesPerBatch + 1, 4*rangesPerBatch + 17} {
		list := manyRanges(n)
		if err := table.SetFeed(list); err != nil {
			t.Fatal(err)
		}
		for _, i := range []int{0, n / 2, n - 1} {
			p := list[i]
			wantFed(t, table.Reader, map[string]string{p.Addr().String(): p.String(), p.Addr().Next().String(): ""})
		}
		counts, err := table.Count()
		if err != nil {
			t.Fatal(err)
		}
		if !lacks(t, counts != nil, 6, 16) && counts["feed4"] != n {
			t.Errorf("%d ranges counted, want %d", counts["feed4"], n)
		}
		wantIntact(t, table, true)
	}
}

// TestFeedBesideBans has one address in a ban, a ban by hand and the feed:
// lifting one of them opens none of the others.
func TestFeedBesideBans(t *testing.T) {
	t.Parallel()
	table, _ := standingTable(t, testConfig())
	byHand := Change{Layer: LayerManual, Prefix: netip.MustParsePrefix("192.0.2.0/24"), Timeout: time.Hour}
	apply(t, table, ban("192.0.2.1/32", time.Minute), byHand)
	setFeed(t, table, "192.0.2.0/28")
	addr := netip.MustParseAddr("192.0.2.1")
	layers := func() []Layer {
		bans, _, err := table.Lookup(addr)
		if err != nil {
			t.Fatal(err)
		}
		list := make([]Layer, len(bans))
		for i := range bans {
			list[i] = bans[i].Layer
		}
		return list
	}
	want := func(list ...Layer) {
		t.Helper()
		if diff := cmp.Diff(list, layers(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("layers (-want +got):\n%s", diff)
		}
	}
	want(LayerManual, LayerPolicy, LayerFeed)
	// A ban of a length that has no set yet gets its rule behind the feed's.
	apply(t, table, ban("198.51.100.0/27", time.Hour))
	wantIntact(t, table, true)
	apply(t, table, lift("192.0.2.1/32"))
	want(LayerManual, LayerFeed)
	setFeed(t, table)
	want(LayerManual)
	setFeed(t, table, "192.0.2.1/32")
	byHand.Remove = true
	apply(t, table, byHand)
	want(LayerFeed)
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	want(LayerFeed)
	if _, err := table.Query([]Key{{Layer: LayerFeed, Prefix: byHand.Prefix}}); !errors.Is(err, ErrPrefix) {
		t.Errorf("Query for a name in the feed: %v, want ErrPrefix", err)
	}
	if bans := listed(t, table.Reader); len(bans) != 0 {
		t.Errorf("bans %v, want none: the feed is not listed", bans)
	}
}

// TestFeedSurvives opens the table again: the feed stands until SetFeed gives
// another, also where sets are made anew.
func TestFeedSurvives(t *testing.T) {
	for _, counters := range []bool{true, false} {
		t.Run(map[bool]string{true: "kept", false: "rebuilt"}[counters], func(t *testing.T) {
			t.Parallel()
			table, ns := standingTable(t, testConfig())
			setFeed(t, table, "192.0.2.0/24", "2001:db8::/32", "255.255.255.255/32")
			half := "feed4_b" // as a process leaves it that is killed while it fills the set
			if err := table.transaction(func(b *batch) error {
				b.set(table.cfg.Table, feedSpec(0, half))
				b.elements(unix.NFT_MSG_NEWSETELEM, create, table.cfg.Table, half, intervals(byFamily(parse("10.0.0.0/8"))[0]))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if err := table.Close(); err != nil {
				t.Fatal(err)
			}
			cfg := testConfig()
			cfg.ElementCounters = counters
			next := open(t, ns, cfg)
			ensure(t, next)
			wantIntact(t, next, true)
			wantFeedSets(t, next, feedSets{"feed4_a", "feed6_a"})
			want := map[string]string{"192.0.2.7": "192.0.2.0/24", "2001:db8::7": "2001:db8::/32", "255.255.255.255": "255.255.255.255/32", "10.0.0.1": ""}
			wantFed(t, next.Reader, want)
			setFeed(t, next, "10.0.0.0/8")
			wantFed(t, next.Reader, map[string]string{"192.0.2.7": "", "2001:db8::7": "", "10.0.0.1": "10.0.0.0/8"})
			wantFeedSets(t, next, feedSets{"feed4_b", ""})
		})
	}
}

// TestFeedHeals damages a table in ways that concern its feed.
func TestFeedHeals(t *testing.T) {
	tests := map[string]func(b *batch, table string){
		"table deleted": func(b *batch, table string) { b.deleteTable(table) },
		"rules flushed": func(b *batch, table string) { b.flushChain(table, chainBlacklist) },
		"set emptied":   func(b *batch, table string) { b.flushSet(table, "feed4_a") },
		"sets deleted": func(b *batch, table string) {
			b.flushChain(table, chainBlacklist)
			b.deleteSet(table, "feed4_a")
			b.deleteSet(table, "feed6_a")
		},
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig()
			cfg.Protect = false
			table, ns := standingTable(t, cfg)
			setFeed(t, table, "192.0.2.0/24", "2001:db8::/32")
			foreign(t, ns, func(b *batch) { damage(b, cfg.Table) })
			wantIntact(t, table, false)
			ensure(t, table)
			wantIntact(t, table, true)
			wantFed(t, table.Reader, map[string]string{"192.0.2.7": "192.0.2.0/24", "2001:db8::7": "2001:db8::/32"})
		})
	}
}

// TestLongFeedHeals deletes a table with a long feed. Ensure does not wait until
// all of it stands again, and Close does not either.
func TestLongFeedHeals(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	cfg.Protect = false
	table, ns := standingTable(t, cfg)
	list := manyRanges(8*rangesPerBatch + 1)
	if err := table.SetFeed(list); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		foreign(t, ns, func(b *batch) { b.deleteTable(cfg.Table) })
		wantIntact(t, table, false)
		ensure(t, table)
		apply(t, table, ban("192.0.2.1/32", time.Hour))
		wantIntact(t, table, true)
		last := list[len(list)-1]
		eventually(t, 20*time.Second, "the feed stands again", func() bool {
			return fed(t, table.Reader, last.Addr().String()) == last
		})
		wantIntact(t, table, true)
	}
	foreign(t, ns, func(b *batch) { b.deleteTable(cfg.Table) })
	ensure(t, table)
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	// What the closed table left half done, the next one takes away.
	next := open(t, ns, cfg)
	ensure(t, next)
	wantFeedSets(t, next, feedSets{})
}

// TestFeedBeforeEnsure has no chain to put the feed into, or one whose rules for
// bans are not known yet: those stay.
func TestFeedBeforeEnsure(t *testing.T) {
	t.Parallel()
	table := open(t, nettest.New(t), testConfig())
	if err := table.SetFeed(parse("192.0.2.0/24")); !errors.Is(err, ErrTableGone) {
		t.Errorf("SetFeed: %v, want ErrTableGone", err)
	}
	l := newLab(t, testConfig(), "192.0.2.10")
	apply(t, l.table, ban("192.0.2.10/32", time.Hour))
	if err := l.table.Close(); err != nil {
		t.Fatal(err)
	}
	next := open(t, l.server, testConfig())
	if err := next.SetFeed(parse("198.51.100.0/24")); !errors.Is(err, ErrTableGone) {
		t.Errorf("SetFeed: %v, want ErrTableGone", err)
	}
	if l.passes(t, "192.0.2.10", 25) {
		t.Error("a banned address connects")
	}
}

// TestEnsureBesideSetFeed heals a table while a SetFeed is under way: Ensure
// does not wait for that, and the feed comes back behind it.
func TestEnsureBesideSetFeed(t *testing.T) {
	t.Parallel()
	table, ns := unprotectedTable(t)
	setFeed(t, table, "192.0.2.0/24")
	table.feedMu.Lock()
	foreign(t, ns, func(b *batch) { b.deleteTable("smtpbl") })
	if a := ensure(t, table); a.Outcome != Built { // would hang if it waited
		t.Errorf("adoption %+v", a)
	}
	wantIntact(t, table, true)
	table.feedMu.Unlock()
	eventually(t, 20*time.Second, "the feed stands again", func() bool {
		return fed(t, table.Reader, "192.0.2.7").IsValid()
	})
	wantIntact(t, table, true)
}

// TestIntactBesideWriters changes the table with our means while another
// goroutine looks at it: nothing of that is damage.
func TestIntactBesideWriters(t *testing.T) {
	t.Parallel()
	table, _ := standingTable(t, testConfig())
	ended := make(chan error)
	go func() {
		defer close(ended)
		for i, c := range everyLength() {
			ended <- errors.Join(table.Apply([]Change{c}), table.SetFeed(manyRanges(i%3)), table.SetAllow(manyRanges(i%2)))
		}
	}()
	for open := true; open; {
		wantIntact(t, table, true)
		select {
		case err, more := <-ended:
			if open = more; err != nil {
				t.Error(err)
			}
		default:
		}
	}
}

// TestFeedSwapsWithoutGap swaps long feeds under a flood. An address that is in
// all of them never gets through, one that is in none is never dropped.
func TestFeedSwapsWithoutGap(t *testing.T) {
	t.Parallel()
	l := newLab(t, testConfig(), "192.0.2.10", "192.0.2.11")
	witness(t, l.server)
	lists := [][]netip.Prefix{
		append(manyRanges(12_000), parse("192.0.2.10/32", "2001:db8::/32")...),
		append(manyRanges(3_000), parse("192.0.2.8/31", "192.0.2.10/32")...),
		parse("192.0.2.0/29", "192.0.2.10/32", "192.0.2.12/30"),
	}
	if err := l.table.SetFeed(lists[2]); err != nil {
		t.Fatal(err)
	}
	stopBad, stopGood := flood(t, l, "192.0.2.10"), flood(t, l, "192.0.2.11")
	for i := range 30 {
		if err := l.table.SetFeed(lists[i%len(lists)]); err != nil {
			t.Fatal(err)
		}
	}
	bad, good := stopBad(), stopGood()
	if n := witnessed(t, l.server); n != 0 {
		t.Errorf("%d of %d packets of an address in the feed got through", n, bad)
	}
	var c Counters
	eventually(t, 5*time.Second, "all packets are seen", func() bool {
		c = counters(t, l.table)
		return c.Seen.Packets == uint64(bad+good)
	})
	var dropped uint64
	for _, d := range c.Dropped {
		if d.Set == "feed" && d.Family == "ipv4" {
			dropped = d.Packets
		}
	}
	if dropped != uint64(bad) {
		t.Errorf("%d packets dropped, want the %d of the address in the feed and none of the %d others", dropped, bad, good)
	}
	if min(bad, good) < 500 {
		t.Errorf("only %d and %d packets were sent", bad, good)
	}
}
