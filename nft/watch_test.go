package nft

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

// unprotectedTable builds a table that others may change.
func unprotectedTable(t testing.TB) (*Table, *nettest.Namespace) {
	t.Helper()
	cfg := testConfig()
	cfg.Protect = false
	return standingTable(t, cfg)
}

func watch(t testing.TB, table *Table) *Watcher {
	t.Helper()
	w, err := table.Watch()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// heard waits for the next report.
func heard(t *testing.T, w *Watcher) Foreign {
	t.Helper()
	f, err := w.Next()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestWatch has another socket change the table in every way. Before each, our
// own socket and one that changes another table do something that must not be
// reported: the first report is of the change.
func TestWatch(t *testing.T) {
	key := keyed(netip.MustParsePrefix("192.0.2.1/32"))
	bans := keys(netip.MustParsePrefix("192.0.2.1/32"))
	tests := []struct {
		name   string
		change func(b *batch)
		want   Foreign
	}{
		{"table deleted", func(b *batch) { b.deleteTable("smtpbl") }, Foreign{Table: true}},
		{"set flushed", func(b *batch) { b.flushSet("smtpbl", "ban4") }, Foreign{Bans: bans}},
		{"element deleted", func(b *batch) {
			b.elements(unix.NFT_MSG_DELSETELEM, 0, "smtpbl", "ban4", []element{key})
		}, Foreign{Bans: bans}},
		{"element added", func(b *batch) {
			el := keyed(netip.MustParsePrefix("192.0.2.0/24"))
			el.timeout = time.Hour
			b.elements(unix.NFT_MSG_NEWSETELEM, create, "smtpbl", "ban4_24", []element{el})
		}, Foreign{Bans: keys(netip.MustParsePrefix("192.0.2.0/24"))}},
		{"chain flushed", func(b *batch) { b.flushChain("smtpbl", chainHook) }, Foreign{Table: true}},
		{"ports flushed", func(b *batch) { b.flushSet("smtpbl", setPorts) }, Foreign{Table: true}},
		{"table put to sleep", func(b *batch) { b.table("smtpbl", tableDormant) }, Foreign{Table: true}},
		{"everything flushed", func(b *batch) {
			b.message(unix.NFT_MSG_DELTABLE, 0) // of all families and names
			b.seal()
		}, Foreign{Table: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table, ns := unprotectedTable(t)
			w := watch(t, table)
			apply(t, table, ban("192.0.2.1/32", time.Hour), ban("192.0.2.3/32", time.Hour), lift("192.0.2.3/32"))
			foreign(t, ns, func(b *batch) {
				b.table("another", 0)
				b.set("another", banSpec(standing[0], 10, false))
				b.elements(unix.NFT_MSG_NEWSETELEM, create, "another", "ban4", []element{key})
			})
			foreign(t, ns, tt.change)
			got := heard(t, w)
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(Foreign{}, "Generation", "PID", "Process"), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
			wantCulprit(t, table, got)
		})
	}
}

// wantCulprit compares the report with what this process knows of itself. Its
// pid is the reported one only in the first pid namespace.
func wantCulprit(t *testing.T, table *Table, got Foreign) {
	t.Helper()
	gen, err := table.Generation()
	if err != nil || got.Generation != gen {
		t.Errorf("generation %d, want %d (%v)", got.Generation, gen, err)
	}
	comm, err := os.ReadFile("/proc/self/comm")
	if err != nil || got.Process+"\n" != string(comm) || got.PID == 0 {
		t.Errorf("process %q, pid %d; want %q (%v)", got.Process, got.PID, comm, err)
	}
}

// TestWatchManyBans does not remember more bans than it is worth.
func TestWatchManyBans(t *testing.T) {
	t.Parallel()
	table, ns := unprotectedTable(t)
	apply(t, table, many(maxForeignBans+1, time.Hour)...)
	w := watch(t, table)
	foreign(t, ns, func(b *batch) { b.flushSet("smtpbl", "ban4") })
	if got := heard(t, w); !got.Many || got.Table || len(got.Bans) != 0 || got.PID == 0 {
		t.Errorf("report %+v, want many bans", got)
	}
}

// TestWatchOverflow has more reported than the socket holds.
func TestWatchOverflow(t *testing.T) {
	t.Parallel()
	table, ns := unprotectedTable(t)
	w := watch(t, table)
	hold := func(bytes int) {
		if err := w.sock.setOption(unix.SO_RCVBUFFORCE, bytes); err != nil {
			t.Fatal(err)
		}
	}
	hold(1)       // becomes the least that is possible
	for range 2 { // it goes on after the first time
		foreign(t, ns, func(b *batch) {
			els := make([]element, 0, 2000)
			for _, c := range many(cap(els), 0) {
				els = append(els, keyed(c.Prefix))
			}
			b.table("another", 0)
			b.set("another", setSpec{name: "all", keyType: keyIPv4Addr, keyLen: 4})
			b.elements(unix.NFT_MSG_NEWSETELEM, create, "another", "all", els)
			b.deleteTable("another")
		})
		if got := heard(t, w); !got.Many || !got.Table || got.Process != "" {
			t.Errorf("report %+v, want that anything may have happened", got)
		}
	}
	hold(receiveBytes)
	foreign(t, ns, func(b *batch) { b.deleteTable("smtpbl") })
	if got := heard(t, w); got.PID == 0 {
		t.Errorf("report %+v, want who deleted the table", got)
	}
}

// TestWatcherCloses ends a Next that waits.
func TestWatcherCloses(t *testing.T) {
	t.Parallel()
	table, _ := unprotectedTable(t)
	w := watch(t, table)
	ended := make(chan error)
	go func() {
		_, err := w.Next()
		ended <- err
	}()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Next after Close: %v, want net.ErrClosed", err)
	}
}

// FuzzChangelog reads any bytes as notifications, in two pieces: nothing but
// valid bans may come out, and never more than the bound.
func FuzzChangelog(f *testing.F) {
	for _, d := range notifications(f) {
		f.Add(d, d)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		c := changelog{table: "smtpbl"}
		for _, got := range c.read(second, c.read(first, nil)) {
			if !got.Table && !got.Many && len(got.Bans) == 0 || len(got.Bans) > maxForeignBans {
				t.Errorf("report %+v", got)
			}
			for _, k := range got.Bans {
				if p, err := Normalize(k.Prefix); err != nil || p != k.Prefix {
					t.Errorf("ban %v: %v", k, err)
				}
			}
		}
	})
}

// notifications makes datagrams as the kernel sends them.
func notifications(t testing.TB) [][]byte {
	t.Helper()
	el := keyed(netip.MustParsePrefix("192.0.2.1/32"))
	el.timeout = time.Hour
	changes := &batch{}
	changes.elements(unix.NFT_MSG_DELSETELEM, 0, "smtpbl", "ban4", []element{el})
	changes.table("smtpbl", tableDormant)
	generation := &batch{}
	generation.header(unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_NEWGEN, 0, unix.AF_UNSPEC, 7)
	generation.u32(unix.NFTA_GEN_ID, 7)
	generation.u32(unix.NFTA_GEN_PROC_PID, 4711)
	generation.str(unix.NFTA_GEN_PROC_NAME, "nft")
	generation.seal()
	c := changelog{table: "smtpbl"}
	want := []Foreign{{Generation: 7, PID: 4711, Process: "nft", Table: true, Bans: keys(netip.MustParsePrefix("192.0.2.1/32"))}}
	got := c.read(generation.b, c.read(changes.b, nil))
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Fatalf("report (-want +got):\n%s", diff)
	}
	return [][]byte{changes.b, generation.b, append(changes.b, generation.b...)}
}
