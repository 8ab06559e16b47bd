package nft

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// modes runs a test with what this kernel offers, and, where that is more, again
// in the way that kernels below 6.3 need.
func modes(t *testing.T, test func(t *testing.T, table *Table)) {
	t.Helper()
	for _, destroy := range ways(t) {
		t.Run(fmt.Sprintf("destroy=%v", destroy), func(t *testing.T) {
			t.Parallel()
			table, _ := standingTable(t, testConfig())
			table.kernel.Destroy = destroy
			test(t, table)
		})
	}
}

// TestApplyAnyNumber crosses the limits of messages and transactions.
func TestApplyAnyNumber(t *testing.T) {
	for _, n := range []int{1, 599, 600, 601, 2_000, 9_999, 10_000, 10_001, 100_000} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			modes(t, func(t *testing.T, table *Table) {
				changes := many(n, time.Hour)
				apply(t, table, changes...)
				wantCount(t, table, "ban4", n)
				if got := len(query(t, table.Reader, prefixes(changes)...)); got != n {
					t.Errorf("%d bans found by key, want %d", got, n)
				}
				for i := range changes {
					changes[i] = Change{Prefix: changes[i].Prefix, Remove: true}
				}
				apply(t, table, changes...)
				wantCount(t, table, "ban4", 0)
			})
		})
	}
}

// wantCount compares the kernel's number of elements; where the kernel does not
// tell, they are listed.
func wantCount(t *testing.T, table *Table, set string, want int) {
	t.Helper()
	counts, err := table.Count()
	if err != nil {
		t.Fatal(err)
	}
	if lacks(t, counts != nil, 6, 16) {
		counts = map[string]int{}
		for _, b := range listed(t, table.Reader) {
			counts[b.Set]++
		}
	}
	if counts[set] != want {
		t.Errorf("set %s has %d elements, want %d", set, counts[set], want)
	}
}

// TestApplyIPv6 fills messages with the largest keys.
func TestApplyIPv6(t *testing.T) {
	modes(t, func(t *testing.T, table *Table) {
		changes := make([]Change, 0, 5_000)
		for i := range cap(changes) {
			addr := netip.AddrFrom16([16]byte{0: 0x20, 1: 0x01, 2: 0x0d, 3: 0xb8, 6: byte(i >> 8), 7: byte(i)})
			changes = append(changes, Change{Prefix: netip.PrefixFrom(addr, 64), Timeout: time.Hour})
		}
		apply(t, table, changes...)
		if got := len(query(t, table.Reader, prefixes(changes)...)); got != len(changes) {
			t.Errorf("%d bans found by key, want %d", got, len(changes))
		}
	})
}

// TestApplyEveryLength bans one prefix of each length that there may be.
func TestApplyEveryLength(t *testing.T) {
	modes(t, func(t *testing.T, table *Table) {
		var changes []Change
		for bits := minBits4; bits <= 32; bits++ {
			changes = append(changes, ban(fmt.Sprintf("203.0.113.255/%d", bits), time.Hour))
		}
		for bits := minBits6; bits <= 128; bits++ {
			changes = append(changes, ban(fmt.Sprintf("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/%d", bits), time.Hour))
		}
		apply(t, table, changes...)
		bans, allowed, err := table.Lookup(netip.MustParseAddr("::ffff:203.0.113.255"))
		if err != nil || allowed || len(bans) != 25 || bans[0].Prefix.Bits() != 32 {
			t.Errorf("Lookup of IPv4 = %v, %v, %v, want 25 bans from /32 on", bans, allowed, err)
		}
		bans, allowed, err = table.Lookup(netip.MustParseAddr("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"))
		if err != nil || allowed || len(bans) != 113 || bans[0].Prefix.Bits() != 128 {
			t.Errorf("Lookup of IPv6 = %v, %v, %v, want 113 bans from /128 on", bans, allowed, err)
		}
		wantIntact(t, table, true)
		all, err := table.Bans()
		if err != nil || len(all) != len(changes) {
			t.Errorf("Bans lists %d (%v), want %d", len(all), err, len(changes))
		}
	})
}

func wantIntact(t *testing.T, table *Table, want bool) {
	t.Helper()
	if got, err := table.Intact(); err != nil || got != want {
		t.Errorf("Intact = %v, %v, want %v", got, err, want)
	}
}

// TestLastChangeCounts gives one prefix several changes in one call, in several
// spellings.
func TestLastChangeCounts(t *testing.T) {
	modes(t, func(t *testing.T, table *Table) {
		apply(t, table,
			ban("192.0.2.1/32", time.Hour), ban("::ffff:192.0.2.1/128", 2*time.Hour),
			ban("192.0.2.2/32", time.Hour), lift("192.0.2.2/32"),
			lift("192.0.2.3/32"), ban("192.0.2.3/32", 3*time.Hour),
			ban("192.0.3.9/24", time.Hour), ban("192.0.3.7/24", 4*time.Hour),
		)
		got := map[string]time.Duration{}
		bans, err := table.Bans()
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range bans {
			got[b.Set+" "+b.Prefix.String()] = b.Timeout
		}
		want := map[string]time.Duration{
			"ban4 192.0.2.1/32": 2 * time.Hour, "ban4 192.0.2.3/32": 3 * time.Hour,
			"ban4_24 192.0.3.0/24": 4 * time.Hour,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("bans (-want +got):\n%s", diff)
		}
	})
}

// TestTimeouts sets the same ban again and again.
func TestTimeouts(t *testing.T) {
	modes(t, func(t *testing.T, table *Table) {
		p := netip.MustParsePrefix("192.0.2.1/32")
		tests := []struct{ set, want time.Duration }{
			{time.Hour, time.Hour},
			{2 * time.Hour, 2 * time.Hour},
			{time.Minute, time.Minute},
			{time.Minute, time.Minute},
			{1500*time.Millisecond + 1, 1501 * time.Millisecond},
			{10 * time.Second, 10 * time.Second},
			{1<<63 - 1, clampTimeout(1<<63-1).Truncate(time.Millisecond) + time.Millisecond},
		}
		for _, tt := range tests {
			apply(t, table, Change{Prefix: p, Timeout: tt.set})
			bans := query(t, table.Reader, p)
			if len(bans) != 1 || !within(bans[0].Timeout, tt.want, jiffy) || !within(bans[0].Remaining, tt.want, time.Second/2) {
				t.Errorf("ban for %v became %+v, want %v", tt.set, bans, tt.want)
			}
		}
	})
}

// TestShortestBanEnds has no time left for a ban. An element without a timeout
// would stay for ever, and so would one whose timeout is less than a tick.
func TestShortestBanEnds(t *testing.T) {
	modes(t, func(t *testing.T, table *Table) {
		p := netip.MustParsePrefix("192.0.2.1/32")
		for _, d := range []time.Duration{0, -time.Hour, 1, time.Millisecond} {
			apply(t, table, Change{Prefix: p, Timeout: d})
			eventually(t, 10*time.Second, "the ban ends", func() bool { return len(query(t, table.Reader, p)) == 0 })
		}
	})
}

// jiffy is the longest tick of any usual kernel (HZ=100): timeouts are kept in
// whole ticks, rounded down.
const jiffy = 10 * time.Millisecond

// within tells whether got is at most slack below want and not above it.
func within(got, want, slack time.Duration) bool { return got <= want && want-got <= slack }

// TestSameTimeoutStartsAgain waits until a ban has lost some of its time.
func TestSameTimeoutStartsAgain(t *testing.T) {
	modes(t, func(t *testing.T, table *Table) {
		p := netip.MustParsePrefix("192.0.2.1/32")
		change := Change{Prefix: p, Timeout: time.Hour}
		apply(t, table, change)
		remaining := func() time.Duration { return query(t, table.Reader, p)[0].Remaining }
		eventually(t, 5*time.Second, "some time passes", func() bool { return remaining() < time.Hour-300*time.Millisecond })
		apply(t, table, change)
		if got := remaining(); got < time.Hour-200*time.Millisecond {
			t.Errorf("%v remain of a ban of an hour that was set again just now", got)
		}
	})
}

func TestLiftingWhatIsMissing(t *testing.T) {
	modes(t, func(t *testing.T, table *Table) {
		apply(t, table, ban("192.0.2.2/32", time.Hour))
		apply(t, table, lift("192.0.2.1/32"), lift("192.0.2.2/32"), lift("198.51.100.0/27"), lift("2001:db8::/64"))
		apply(t, table, lift("192.0.2.2/32"))
		wantCount(t, table, "ban4", 0)
		wantIntact(t, table, true)
	})
}

func TestApplyNothing(t *testing.T) {
	t.Parallel()
	table, _ := standingTable(t, testConfig())
	before, err := table.Generation()
	if err != nil {
		t.Fatal(err)
	}
	apply(t, table)
	if after, err := table.Generation(); err != nil || after != before {
		t.Errorf("generation %d (%v) after no change, was %d", after, err, before)
	}
}

// TestApplyRefusesBadPrefixes applies what is good and names what is not.
func TestApplyRefusesBadPrefixes(t *testing.T) {
	t.Parallel()
	table, _ := standingTable(t, testConfig())
	err := table.Apply([]Change{
		{Timeout: time.Hour},
		ban("10.0.0.0/7", time.Hour), ban("0.0.0.0/0", time.Hour), ban("2001::/15", time.Hour), ban("::/0", time.Hour),
		ban("192.0.2.1/32", time.Hour),
	})
	if !errors.Is(err, ErrPrefix) {
		t.Fatalf("error %v, want ErrPrefix", err)
	}
	for _, bad := range []string{"10.0.0.0/7", "0.0.0.0/0", "2001::/15", "::/0"} {
		if !strings.Contains(err.Error(), bad) {
			t.Errorf("error does not name %s: %v", bad, err)
		}
	}
	wantCount(t, table, "ban4", 1)
}

// TestApplyFull adds more than a set may hold: nothing of it is applied, and
// what stands can still be renewed, lifted and exchanged.
func TestApplyFull(t *testing.T) {
	modes(t, func(t *testing.T, table *Table) {
		cfg := testConfig()
		cfg.Table, cfg.MaxBans = "small", 100
		small, _ := standingTable(t, cfg)
		small.kernel.Destroy = table.kernel.Destroy
		changes := many(111, time.Hour)
		apply(t, small, changes[:110]...)
		err := small.Apply(append(slices.Clone(changes[110:]), ban("192.0.3.0/24", time.Hour)))
		if !errors.Is(err, ErrFull) || !errors.Is(err, unix.ENFILE) {
			t.Fatalf("error %v, want ErrFull", err)
		}
		wantCount(t, small, "ban4", 110)
		wantCount(t, small, "ban4_24", 0)
		apply(t, small, changes[:110]...)
		apply(t, small, lift("192.0.2.1/32"), changes[0])
		wantCount(t, small, "ban4", 110)
		changes[0].Remove = true
		apply(t, small, changes[0])
		apply(t, small, changes[110])
		wantCount(t, small, "ban4", 110)
	})
}

// TestApplyNamesTheCulprit makes a set that refuses timeouts; the other changes
// of the call are applied.
func TestApplyNamesTheCulprit(t *testing.T) {
	modes(t, func(t *testing.T, table *Table) {
		b := newBatch(nil)
		b.set(table.cfg.Table, setSpec{name: "ban4_27", keyType: keyIPv4Addr, keyLen: 4})
		if err := table.sock.commit(b); err != nil {
			t.Fatal(err)
		}
		table.kinds = append(table.kinds, kind{bits: 27})
		changes := append(many(1_000, time.Hour), ban("192.0.2.64/27", time.Hour), ban("192.0.3.0/24", time.Hour))
		err := table.Apply(changes)
		if err == nil || !strings.Contains(err.Error(), "192.0.2.64/27") || !errors.Is(err, unix.EINVAL) {
			t.Errorf("error %v, want EINVAL for 192.0.2.64/27", err)
		}
		wantCount(t, table, "ban4", 1_000)
		wantCount(t, table, "ban4_24", 1)
	})
}

func TestApplyToMissingTable(t *testing.T) {
	t.Parallel()
	table, _ := standingTable(t, testConfig())
	if err := table.Delete(); err != nil {
		t.Fatal(err)
	}
	if err := table.Delete(); err != nil {
		t.Errorf("second Delete: %v", err)
	}
	for _, change := range []Change{ban("192.0.2.1/32", time.Hour), ban("192.0.2.0/27", time.Hour)} {
		if err := table.Apply([]Change{change}); !errors.Is(err, ErrTableGone) {
			t.Errorf("Apply: %v, want ErrTableGone", err)
		}
	}
	if a := ensure(t, table); a.Outcome != Built {
		t.Errorf("outcome %v, want %v", a.Outcome, Built)
	}
	apply(t, table, ban("192.0.2.1/32", time.Hour))
}

func TestFlush(t *testing.T) {
	t.Parallel()
	table, _ := standingTable(t, testConfig())
	apply(t, table, append(many(5_000, time.Hour), ban("192.0.2.0/27", time.Hour), ban("2001:db8::/48", time.Hour))...)
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	if bans, err := table.Bans(); err != nil || len(bans) != 0 {
		t.Errorf("%d bans (%v) after Flush", len(bans), err)
	}
	wantIntact(t, table, true)
}

// TestGiveWay has bans in a full set give way to others, which have to fit in
// the same transaction.
func TestGiveWay(t *testing.T) {
	for _, destroy := range ways(t) {
		t.Run(fmt.Sprintf("destroy=%v", destroy), func(t *testing.T) {
			t.Parallel()
			cfg := testConfig()
			cfg.MaxBans = 1_000
			table, _ := standingTable(t, cfg)
			table.kernel.Destroy = destroy
			changes := many(2_200, time.Hour)
			full, others := changes[:1_100], changes[1_100:]
			apply(t, table, full...)
			var swap []Change
			for i := range full {
				swap = append(swap, others[i], lift(full[i].Prefix.String()))
			}
			apply(t, table, swap...)
			if got := len(query(t, table.Reader, prefixes(others)...)); got != len(others) {
				t.Errorf("%d bans, want %d", got, len(others))
			}
			wantCount(t, table, "ban4", len(others))
		})
	}
}
