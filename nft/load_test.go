package nft

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func load(t testing.TB, table *Table, changes ...Change) {
	t.Helper()
	if err := table.Load(changes); err != nil {
		t.Fatalf("Load: %v", err)
	}
}

// TestLoadAnyNumber crosses the limits of messages and transactions, and mixes
// families, lengths and layers.
func TestLoadAnyNumber(t *testing.T) {
	for _, n := range []int{0, 1, 599, 601, 10_001} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			modes(t, func(t *testing.T, table *Table) {
				changes := append(many(n, time.Hour), someBans()...)
				byHand := Change{Layer: LayerManual, Prefix: netip.MustParsePrefix("192.0.2.0/24"), Timeout: time.Minute}
				changes = append(changes, byHand)
				load(t, table, changes...)
				wantCount(t, table, "ban4", n+1)
				names := make([]Key, len(changes))
				for i := range changes {
					names[i] = changes[i].Key()
				}
				bans, err := table.Query(names)
				if err != nil || len(bans) != len(changes) {
					t.Fatalf("%d bans (%v), want %d", len(bans), err, len(changes))
				}
				for i, b := range bans {
					if b.Timeout != changes[i].Timeout {
						t.Errorf("ban of %s for %v, want %v", b.Prefix, b.Timeout, changes[i].Timeout)
					}
				}
				wantIntact(t, table, true)
			})
		})
	}
}

// TestLoadKeepsWhatStands has bans in the load that stand, that come twice, and
// that cannot be.
func TestLoadKeepsWhatStands(t *testing.T) {
	modes(t, func(t *testing.T, table *Table) {
		changes := many(3_000, 2*time.Hour)
		standing := changes[1_000:1_100]
		for _, c := range standing {
			c.Timeout = time.Hour
			apply(t, table, c)
		}
		twice := changes[7]
		twice.Timeout = time.Minute
		bad := append(slices.Clone(changes), twice, lift("192.0.2.9/32"), ban("0.0.0.0/0", time.Hour))
		err := table.Load(bad)
		if !errors.Is(err, ErrPrefix) || !strings.Contains(err.Error(), "192.0.2.9/32") || !strings.Contains(err.Error(), "0.0.0.0/0") {
			t.Errorf("Load: %v, want ErrPrefix for the two that cannot be", err)
		}
		for i, b := range query(t, table.Reader, prefixes(changes)...) {
			want := 2 * time.Hour
			if i >= 1_000 && i < 1_100 {
				want = time.Hour
			}
			if b.Timeout != want {
				t.Fatalf("ban of %s for %v, want %v", b.Prefix, b.Timeout, want)
			}
		}
		wantCount(t, table, "ban4", len(changes))
	})
}

// TestLoadNamesTheCulprit makes a set that refuses timeouts; the other changes
// of the call are applied.
func TestLoadNamesTheCulprit(t *testing.T) {
	t.Parallel()
	table, _ := standingTable(t, testConfig())
	err := table.transaction(func(b *batch) error {
		b.set(table.cfg.Table, setSpec{name: "ban4_27", keyType: keyIPv4Addr, keyLen: 4})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	table.kinds = append(table.kinds, kind{bits: 27})
	err = table.Load(append(many(1_000, time.Hour), ban("192.0.2.64/27", time.Hour), ban("192.0.3.0/24", time.Hour)))
	if err == nil || !strings.Contains(err.Error(), "192.0.2.64/27") || !errors.Is(err, unix.EINVAL) {
		t.Errorf("error %v, want EINVAL for 192.0.2.64/27", err)
	}
	wantCount(t, table, "ban4", 1_000)
	wantCount(t, table, "ban4_24", 1)
}

// TestFullNamesTheSet fills one set: the error names it, and everything that
// belongs elsewhere can be applied at once.
func TestFullNamesTheSet(t *testing.T) {
	calls := map[string]func(*Table, []Change) error{"Apply": (*Table).Apply, "Load": (*Table).Load}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig()
			cfg.MaxBans = 1_000
			table, _ := standingTable(t, cfg)
			changes := slices.Concat(someBans()[1:], many(1_101, time.Hour))
			err := call(table, changes)
			var full *FullError
			if !errors.As(err, &full) || full.Set != "ban4" || !errors.Is(err, ErrFull) || !errors.Is(err, unix.ENFILE) {
				t.Fatalf("error %v, want that ban4 is full", err)
			}
			rest := slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return c.Key().Set() == full.Set })
			if err := call(table, rest); err != nil {
				t.Errorf("the rest: %v", err)
			}
			if err := call(table, changes[len(rest):len(changes)-1]); err != nil {
				t.Errorf("what the set holds: %v", err)
			}
			wantCount(t, table, "ban4", 1_100)
			wantCount(t, table, "ban4_24", 1)
		})
	}
}

// TestLostAnswers has the kernel answer more than the socket holds, so that
// what became of the transaction is not known. Everything stands in the end, as
// it was asked for last.
func TestLostAnswers(t *testing.T) {
	modes(t, func(t *testing.T, table *Table) {
		changes := many(5_000, time.Hour)
		apply(t, table, changes[:4_999]...)
		deaf(t, table.sock)
		// Each message is refused for the bans that stand, which is more
		// answers than there is room for.
		for i := range changes {
			changes[i].Timeout = 2 * time.Hour
		}
		if err := table.transact(changes, addNew); !errors.Is(err, errUnconfirmed) || !errors.Is(err, unix.ENOBUFS) {
			t.Fatalf("transaction with lost answers: %v, want ENOBUFS", err)
		}
		load(t, table, changes...)
		wantTimeouts(t, table, changes[:4_999], time.Hour)
		wantTimeouts(t, table, changes[4_999:], 2*time.Hour)
		apply(t, table, changes...)
		wantTimeouts(t, table, changes, 2*time.Hour)
	})
}

// deaf leaves a socket almost no room for answers.
func deaf(t *testing.T, s *socket) {
	t.Helper()
	if err := s.setOption(unix.SO_RCVBUFFORCE, 1); err != nil {
		t.Fatal(err)
	}
}

func wantTimeouts(t *testing.T, table *Table, changes []Change, want time.Duration) {
	t.Helper()
	bans := query(t, table.Reader, prefixes(changes)...)
	if len(bans) != len(changes) {
		t.Errorf("%d bans, want %d", len(bans), len(changes))
	}
	for _, b := range bans {
		if b.Timeout != want {
			t.Fatalf("ban of %s for %v, want %v", b.Prefix, b.Timeout, want)
		}
	}
}
