package nft

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

// logGroup is the NFLOG group of the tests.
const logGroup = 5

// copyingLab is a lab whose server copies what it drops.
func copyingLab(t testing.TB, clients ...string) *lab {
	t.Helper()
	cfg := testConfig()
	cfg.NFLogGroup = logGroup
	return newLab(t, cfg, clients...)
}

// openDrops reads the group of a namespace until the test ends.
func openDrops(t testing.TB, ns *nettest.Namespace) *Drops {
	t.Helper()
	d, err := OpenDrops(logGroup, WithNetNS(ns.FD()))
	if err != nil {
		t.Fatalf("OpenDrops: %v", err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// collect reads until n copies were handed over or the time is up.
func (d *Drops) collect(t testing.TB, n int) []Drop {
	t.Helper()
	late := time.AfterFunc(10*time.Second, func() { _ = d.Close() })
	defer late.Stop()
	var got []Drop
	for len(got) < n {
		if err := d.Read(func(x *Drop) { got = append(got, *x) }); err != nil {
			t.Fatalf("%d of %d copies, then %v", len(got), n, err)
		}
	}
	return got
}

// TestDropsAreRead drops packets of both families through the real table and
// reads each of them.
func TestDropsAreRead(t *testing.T) {
	t.Parallel()
	l := copyingLab(t, "192.0.2.10", "192.0.2.11", "2001:db8:1::5")
	d := openDrops(t, l.server)
	apply(t, l.table, ban("192.0.2.10/32", time.Hour), ban("2001:db8:1::/64", time.Hour))
	before := time.Now()
	l.send(t, "192.0.2.10", 25, 20)
	l.send(t, "192.0.2.11", 25, 20) // not banned
	l.send(t, "2001:db8:1::5", 465, 21)
	got := d.collect(t, 41)
	for i, x := range got {
		want := Drop{Source: netip.MustParseAddr("192.0.2.10"), Dest: server4, Port: 25, Flags: 2, Length: 40}
		if i >= 20 {
			want = Drop{Source: netip.MustParseAddr("2001:db8:1::5"), Dest: server6, Port: 465, Flags: 2, Length: 60}
		}
		if x.Interface <= loopbackIndex || x.At.Before(before.Add(-time.Second)) || x.At.After(time.Now()) {
			t.Errorf("copy %d by interface %d at %v", i, x.Interface, x.At)
		}
		x.At, x.Interface = time.Time{}, 0
		if diff := diffDrops(want, x); diff != "" {
			t.Fatalf("copy %d (-want +got):\n%s", i, diff)
		}
	}
	if s := d.Stats(); s != (DropStats{Read: 41}) {
		t.Errorf("counts %+v, want 41 read", s)
	}
}

// TestLostCopiesAreCounted lets the socket overflow. Together, what was read and
// what was lost is what the kernel copied.
func TestLostCopiesAreCounted(t *testing.T) {
	t.Parallel()
	l := copyingLab(t, "192.0.2.10")
	d := openDrops(t, l.server)
	if err := d.sock.setOption(unix.SO_RCVBUF, 16<<10); err != nil {
		t.Fatal(err)
	}
	apply(t, l.table, ban("192.0.2.10/32", time.Hour))
	copied := func(n uint64) {
		t.Helper()
		eventually(t, 5*time.Second, "packets are copied", func() bool {
			return counters(t, l.table).Copied.Packets == n
		})
	}
	const n = 30 * copiesPerMessage
	l.send(t, "192.0.2.10", 25, n)
	copied(n)
	d.collect(t, copiesPerMessage)
	for d.Stats().Lost == 0 { // a later number tells
		l.send(t, "192.0.2.10", 25, copiesPerMessage)
		d.collect(t, copiesPerMessage)
	}
	eventually(t, 10*time.Second, "all copies are read or lost", func() bool {
		s, c := d.Stats(), counters(t, l.table).Copied.Packets
		if s.Read+s.Lost < c {
			d.collect(t, 1)
		}
		return s.Read+s.Lost == c
	})
	if s := d.Stats(); s.Lost == 0 || s.Unreadable != 0 {
		t.Errorf("counts %+v, want some lost and none unreadable", s)
	}
}

// TestOneReaderPerGroup refuses a second reader, and takes over from one that
// has closed.
func TestOneReaderPerGroup(t *testing.T) {
	t.Parallel()
	ns := nettest.New(t)
	first := openDrops(t, ns)
	if _, err := OpenDrops(logGroup, WithNetNS(ns.FD())); !errors.Is(err, ErrGroupTaken) || !errors.Is(err, unix.EPERM) {
		t.Errorf("second reader: %v, want ErrGroupTaken", err)
	}
	if _, err := OpenDrops(0, WithNetNS(ns.FD())); !errors.Is(err, ErrConfig) {
		t.Errorf("group 0: %v, want ErrConfig", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	openDrops(t, ns)
}

// TestCloseEndsRead closes while a Read waits.
func TestCloseEndsRead(t *testing.T) {
	t.Parallel()
	d := openDrops(t, nettest.New(t))
	ended := make(chan error)
	go func() { ended <- d.Read(func(*Drop) {}) }()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read: %v, want net.ErrClosed", err)
	}
}

// TestDefaultLoggersStay binds a group and finds the loggers of other programs'
// rules as they were.
func TestDefaultLoggersStay(t *testing.T) {
	t.Parallel()
	ns := nettest.New(t)
	loggers := func() []string {
		t.Helper()
		var names []string
		err := ns.Do(func() error {
			for _, family := range []string{"2", "10"} {
				b, err := os.ReadFile("/proc/sys/net/netfilter/nf_log/" + family)
				if err != nil {
					return err
				}
				names = append(names, string(b))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	before := loggers()
	openDrops(t, ns)
	if after := loggers(); !slices.Equal(after, before) {
		t.Errorf("loggers of IPv4 and IPv6 are %q, were %q", after, before)
	}
}

// BenchmarkCopies is the cost of dropping a packet that is copied and read, in
// groups as the table's rule delivers them and one by one.
func BenchmarkCopies(b *testing.B) {
	for name, threshold := range map[string]uint32{"grouped": copiesPerMessage, "alone": 1, "unread": 0} {
		b.Run(name, func(b *testing.B) { benchmarkCopies(b, threshold) })
	}
}

func benchmarkCopies(b *testing.B, threshold uint32) {
	l := newLab(b, testConfig(), "192.0.2.10")
	copyEverything(b, l.server, max(threshold, 1))
	ended := make(chan struct{})
	d := &Drops{}
	if threshold > 0 {
		d = openDrops(b, l.server)
		go func() {
			defer close(ended)
			for d.Read(func(*Drop) {}) == nil {
			}
		}()
	}
	src := netip.MustParseAddr("192.0.2.10")
	s := l.client.Sender(b, src, l.to(src, 25))
	for b.Loop() {
		if err := s.Send(); err != nil {
			b.Fatal(err)
		}
	}
	if threshold == 0 {
		return
	}
	elapsed := b.Elapsed().Seconds()
	b.ReportMetric(float64(d.Stats().Read)/elapsed, "copies/s")
	b.ReportMetric(float64(d.Stats().Lost), "lost")
	_ = d.Close()
	<-ended
}

// copyEverything makes a table that copies, without a limit, all packets that
// come in, and drops them.
func copyEverything(b *testing.B, ns *nettest.Namespace, threshold uint32) {
	b.Helper()
	base := chainSpec{name: "input", base: true, hook: unix.NF_INET_PRE_ROUTING, priority: -400}
	foreign(b, ns, func(t *batch) {
		t.table("copies", 0)
		t.chain("copies", base)
		r := rule{
			&expr.Log{
				Key:   1<<unix.NFTA_LOG_GROUP | 1<<unix.NFTA_LOG_SNAPLEN | 1<<unix.NFTA_LOG_QTHRESHOLD,
				Group: logGroup, Snaplen: copyBytes, QThreshold: uint16(threshold),
			},
			&expr.Verdict{Kind: expr.VerdictDrop},
		}
		if err := t.rule("copies", base.name, r); err != nil {
			b.Fatal(err)
		}
	})
}

// TestFloodIsCounted drops a flood and finds every packet in the counters: seen,
// dropped, and either logged or kept out of the log by its limit. What the limit
// on copies let through is read or counted as lost.
func TestFloodIsCounted(t *testing.T) {
	t.Parallel()
	const n = 100_000
	l := copyingLab(t, "192.0.2.10")
	d := openDrops(t, l.server)
	apply(t, l.table, ban("192.0.2.10/32", time.Hour))
	began := time.Now()
	l.send(t, "192.0.2.10", 25, n)
	var c Counters
	eventually(t, 20*time.Second, "all packets are seen", func() bool {
		c = counters(t, l.table)
		return c.Seen.Packets == n
	})
	seconds := uint64(time.Since(began)/time.Second) + 1
	dropped := uint64(0)
	for i := range c.Dropped {
		dropped += c.Dropped[i].Packets
	}
	if dropped != n || c.Logged.Packets+c.LogLimited.Packets != n || c.Logged.Packets < 10 || c.Logged.Packets > 10+seconds {
		t.Errorf("of %d packets %d dropped, %d logged, %d not logged", n, dropped, c.Logged.Packets, c.LogLimited.Packets)
	}
	if most := copyBurst + seconds*copyRate; c.Copied.Packets < copyBurst || c.Copied.Packets > most {
		t.Errorf("%d packets copied, want %d to %d", c.Copied.Packets, copyBurst, most)
	}
	d.collect(t, int(c.Copied.Packets))
	if s := d.Stats(); s != (DropStats{Read: c.Copied.Packets}) {
		t.Errorf("counts %+v, want %d read", s, c.Copied.Packets)
	}
}
