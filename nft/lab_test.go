package nft

import (
	"net/netip"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

// testConfig is the configuration of most tests.
func testConfig() Config {
	return Config{
		Table: "smtpbl", Ports: []uint16{25, 465, 587}, Hook: HookPrerouting,
		MaxBans: 200_000, ElementCounters: true, Protect: true,
		LogRate: 3, LogPer: time.Minute, LogBurst: 10, LogPrefix: "[SMTP BLACKLIST] ",
		Mark: 0x5b100000, MarkMask: 0xfff00000,
	}
}

// open opens the table in a namespace and closes it with the test.
func open(t testing.TB, ns *nettest.Namespace, cfg Config) *Table {
	t.Helper()
	table, err := Open(cfg, WithNetNS(ns.FD()))
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = table.Close() })
	return table
}

// standingTable opens and builds the table in a new namespace.
func standingTable(t testing.TB, cfg Config) (*Table, *nettest.Namespace) {
	t.Helper()
	ns := nettest.New(t)
	table := open(t, ns, cfg)
	ensure(t, table)
	return table, ns
}

func ensure(t testing.TB, table *Table) Adoption {
	t.Helper()
	a, err := table.Ensure()
	if err != nil {
		t.Fatalf("Ensure: %v", err)
	}
	return a
}

func apply(t testing.TB, table *Table, changes ...Change) {
	t.Helper()
	if err := table.Apply(changes); err != nil {
		t.Fatalf("Apply: %v", err)
	}
}

func ban(prefix string, timeout time.Duration) Change {
	return Change{Prefix: netip.MustParsePrefix(prefix), Timeout: timeout}
}

func lift(prefix string) Change {
	return Change{Prefix: netip.MustParsePrefix(prefix), Remove: true}
}

// many makes n bans of different IPv4 addresses.
func many(n int, timeout time.Duration) []Change {
	changes := make([]Change, n)
	for i := range changes {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		changes[i] = Change{Prefix: netip.PrefixFrom(addr, 32), Timeout: timeout}
	}
	return changes
}

func prefixes(changes []Change) []netip.Prefix {
	list := make([]netip.Prefix, len(changes))
	for i, c := range changes {
		list[i] = c.Prefix
	}
	return list
}

// keys names bans of the policy.
func keys(list ...netip.Prefix) []Key {
	keys := make([]Key, len(list))
	for i, p := range list {
		keys[i].Prefix = p
	}
	return keys
}

// query asks for prefixes and fails the test on an error.
func query(t testing.TB, r *Reader, list ...netip.Prefix) []Ban {
	t.Helper()
	bans, err := r.Query(keys(list...))
	if err != nil {
		t.Fatalf("Query: %v", err)
	}
	return bans
}

// eventually waits until what the kernel does on its own has happened.
func eventually(t testing.TB, within time.Duration, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(within)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// lab is a server that has the table and a client with several addresses.
type lab struct {
	server, client *nettest.Namespace
	table          *Table
	listening      bool // the client, see answering
}

var (
	server4 = netip.MustParseAddr("192.0.2.1")
	server6 = netip.MustParseAddr("2001:db8::1")
)

// newLab joins the two and builds the table; clients are the addresses that the
// client has.
func newLab(t testing.TB, cfg Config, clients ...string) *lab {
	t.Helper()
	l := connected(t, clients...)
	l.table = open(t, l.server, cfg)
	ensure(t, l.table)
	return l
}

// connected joins a server without the table and a client.
func connected(t testing.TB, clients ...string) *lab {
	t.Helper()
	l := &lab{server: nettest.New(t), client: nettest.New(t)}
	addrs := make([]netip.Prefix, len(clients))
	for i, c := range clients {
		addr := netip.MustParseAddr(c)
		addrs[i] = netip.PrefixFrom(addr, 8)
		if addr.Is6() {
			addrs[i] = netip.PrefixFrom(addr, 16)
		}
	}
	nettest.Join(t, l.server, l.client, []netip.Prefix{
		netip.PrefixFrom(server4, 8), netip.PrefixFrom(server6, 16),
	}, addrs)
	return l
}

// to is the server's address of the family of src.
func (l *lab) to(src netip.Addr, port uint16) netip.AddrPort {
	if src.Is4() {
		return netip.AddrPortFrom(server4, port)
	}
	return netip.AddrPortFrom(server6, port)
}

// passes tells whether src can connect to a port of the server.
func (l *lab) passes(t testing.TB, src string, port uint16) bool {
	t.Helper()
	addr := netip.MustParseAddr(src)
	return l.client.Connects(t, addr, l.to(addr, port))
}

// send sends n packets from src to a port of the server.
func (l *lab) send(t testing.TB, src string, port uint16, n int) {
	t.Helper()
	addr := netip.MustParseAddr(src)
	s := l.client.Sender(t, addr, l.to(addr, port))
	for range n {
		if err := s.Send(); err != nil {
			t.Fatal(err)
		}
	}
}

// counters reads the named counters.
func counters(t testing.TB, table *Table) Counters {
	t.Helper()
	c, err := table.Counters()
	if err != nil {
		t.Fatal(err)
	}
	return c
}
