package enforce

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

// crowd makes n records of bans that run for an hour.
func crowd(n int) []store.Record {
	until := time.Now().Add(time.Hour)
	out := make([]store.Record, 0, n)
	for i := range n {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		out = append(out, store.Record{
			Prefix: netip.PrefixFrom(addr, 32), Rule: policy.RuleAuthFail, Step: policy.StepHost, Bans: 1,
			At: until.Add(-time.Hour), Until: until, Reason: "5 failed logins in 1m0s",
		})
	}
	return out
}

// leave lets another program build the table, ban, and go.
func leave(t *testing.T, changes []nft.Change) {
	t.Helper()
	stranger := open(t)
	_, err := stranger.Ensure()
	if err = errors.Join(err, stranger.Apply(changes), stranger.Close()); err != nil {
		t.Fatal(err)
	}
}

func changesOf(records []store.Record) []nft.Change {
	out := make([]nft.Change, 0, len(records))
	for i := range records {
		r := &records[i]
		out = append(out, nft.Change{Layer: r.Layer, Prefix: r.Prefix, Timeout: time.Until(r.Until)})
	}
	return out
}

// large lets the sets hold more than are dumped.
func large(t *testing.T) {
	t.Helper()
	usual := tableConfig.MaxBans
	t.Cleanup(func() { tableConfig.MaxBans = usual })
	tableConfig.MaxBans = 2 * dumpMax
}

// TestLargeTablesAreDumpedNever adopts a table with more bans than are ever
// dumped, once with all of them known and once with one that is not.
func TestLargeTablesAreDumpedNever(t *testing.T) {
	large(t)
	known := crowd(dumpMax + 1)
	stranger := nft.Change{Layer: nft.LayerManual, Prefix: netip.MustParsePrefix("192.0.2.9/32"), Timeout: time.Hour}
	for _, unknown := range []bool{false, true} {
		b := newBench(t)
		b.MaxBans = tableConfig.MaxBans
		changes := changesOf(known)
		if unknown {
			changes = append(changes, stranger)
		}
		leave(t, changes)
		b.restore(known...)
		if n := b.ledger.len(); n != len(known) || b.kernel.dumps != 0 {
			t.Errorf("%d bans in the ledger after %d dumps, want %d after none", n, b.kernel.dumps, len(known))
		}
		counts, err := b.kernel.Count()
		if err != nil {
			t.Fatal(err)
		}
		if warned := strings.Contains(b.log.String(), "too many bans"); counts != nil && warned != unknown {
			t.Errorf("unknown ban: %v, warned: %v", unknown, warned)
		}
	}
}

func TestExplainedTablesAreNotDumped(t *testing.T) {
	b := newBench(t)
	known := crowd(300)
	known[7].Layer = nft.LayerManual
	leave(t, changesOf(known))
	b.restore(known...)
	counts, err := b.kernel.Count()
	if err != nil {
		t.Fatal(err)
	}
	if counts != nil && b.kernel.dumps != 0 {
		t.Error("the kernel was made to list bans of which each is known")
	}
}

// TestAnAdoptedOffenderKeepsHisRank adopts a ban of which the history knows
// only an earlier one, as after a crash before the disk had the news.
func TestAnAdoptedOffenderKeepsHisRank(t *testing.T) {
	b := newBench(t)
	earlier := crowd(1)[0]
	earlier.Bans, earlier.Until = 3, time.Now().Add(-time.Hour)
	leave(t, []nft.Change{{Prefix: earlier.Prefix, Timeout: 2 * time.Hour}})
	told := b.restore(earlier)
	for name, r := range map[string]store.Record{"told": told[earlier.Key()], "kept": contents(b.ledger)[earlier.Key()]} {
		if r.Bans != 3 || !r.Active(time.Now().Add(time.Hour)) {
			t.Errorf("%s: %+v; want rank 3 and two hours", name, r)
		}
	}
}

// TestARestartMakesRoom restores more bans than a set may hold, into a new
// table and into one that has them all.
func TestARestartMakesRoom(t *testing.T) {
	for _, stands := range []bool{false, true} {
		b := newBench(t)
		all := crowd(500)
		for i := range all {
			all[i].Until = all[i].Until.Add(time.Duration((i*7)%500) * time.Minute)
		}
		if stands {
			leave(t, changesOf(all))
		}
		b.MaxBans = 100
		told := b.restore(all...)
		if n := len(b.stands()); n != 100 || b.ledger.len() != 100 {
			t.Errorf("table stood: %v: %d bans stand, %d are wanted; want 100", stands, n, b.ledger.len())
		}
		for r := range b.ledger.all() {
			if r.Until.Before(all[0].Until.Add(399 * time.Minute)) {
				t.Fatalf("table stood: %v: %v ends sooner than bans that gave way", stands, r.Prefix)
			}
		}
		b.wantLog("bans gave way to later ones")
		for k, r := range told {
			if _, wanted := b.ledger.get(k); wanted != r.Active(time.Now()) {
				t.Fatalf("table stood: %v: %v is wanted: %v, but told to end at %v", stands, k.Prefix, wanted, r.Until)
			}
		}
	}
}

func TestAKernelThatRefusesFailsTheRestore(t *testing.T) {
	b := newBench(t)
	for _, r := range crowd(2*loadChunk + 1) {
		b.paper.records[r.Key()] = r
	}
	b.MaxBans = 0
	b.kernel.fail = errors.New("no memory today")
	if err := b.Restore(nil, func(*store.Record) {}); !errors.Is(err, b.kernel.fail) {
		t.Errorf("Restore: %v, want %v", err, b.kernel.fail)
	}
}
