package nft

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestAllPorts sends from addresses that are banned at all ports, at the mail
// ports or not at all: TCP to a guarded and to another port, UDP, ICMP and a
// protocol that has no ports.
func TestAllPorts(t *testing.T) {
	for _, hook := range []Hook{HookPrerouting, HookInput, HookUFW} {
		t.Run(string(hook), func(t *testing.T) {
			t.Parallel()
			cfg := testConfig()
			cfg.Hook = hook
			testAllPorts(t, cfg)
		})
	}
}

func testAllPorts(t *testing.T, cfg Config) {
	const none, mail, all = 0, 1, 2
	tests := map[string]int{ // what is closed to each source
		"192.0.2.10":       all,
		"192.0.2.11":       mail,
		"192.0.2.12":       all, // in both layers
		"192.0.2.13":       none,
		"192.0.2.14":       none, // allowed, in both layers
		"2001:db8:1::5":    all,  // its /64
		"2001:db8:1:1::5":  mail,
		"2001:db8:1:2::5":  none, // allowed, its /64
		"2001:db8:1:ff::5": none,
	}
	clients := make([]string, 0, len(tests))
	for src := range tests {
		clients = append(clients, src)
	}
	l := newLab(t, cfg, clients...)
	l.server.Listen(t, 22, 25)
	apply(t, l.table, ban("192.0.2.11/32", time.Hour), ban("192.0.2.12/32", time.Hour), ban("192.0.2.14/32", time.Hour), ban("2001:db8:1:1::/64", time.Hour))
	apply(t, l.table,
		everywhere(ban("192.0.2.10/32", time.Hour)), everywhere(ban("192.0.2.12/32", time.Hour)), everywhere(ban("192.0.2.14/32", time.Hour)),
		everywhere(ban("2001:db8:1::/64", time.Hour)), everywhere(ban("2001:db8:1:2::/64", time.Hour)))
	if err := l.table.SetAllow(parse("192.0.2.14/32", "2001:db8:1:2::5/128")); err != nil {
		t.Fatal(err)
	}
	for src, closed := range tests {
		// Linux can take a second to find out that the cable is plugged in, and
		// hears nobody ask for its IPv6 addresses before.
		if closed != all && netip.MustParseAddr(src).Is6() {
			eventually(t, 10*time.Second, "IPv6 works", func() bool { return l.passes(t, src, 22) })
		}
	}
	for src, closed := range tests {
		if got, want := l.passes(t, src, 25), closed == none; got != want {
			t.Errorf("%s reaches port 25: %v, want %v", src, got, want)
		}
		if got, want := l.passes(t, src, 22), closed != all; got != want {
			t.Errorf("%s reaches port 22: %v, want %v", src, got, want)
		}
		addr := netip.MustParseAddr(src)
		for name, protocol := range protocols(addr) {
			if got, want := l.arrives(t, addr, protocol), closed != all; got != want {
				t.Errorf("%s of %s arrives: %v, want %v", name, src, got, want)
			}
		}
		if asks := neighbourAsks(); addr.Is6() && !l.arrives(t, addr, asks) {
			t.Errorf("%s is no neighbour any more", src)
		}
		if got, want := l.server.Connects(t, l.to(addr, 0).Addr(), l.answering(t, src)), closed != all; got != want {
			t.Errorf("the server reaches %s: %v, want %v", src, got, want)
		}
	}
	if c := counters(t, l.table); c.Logged.Packets+c.LogLimited.Packets == 0 {
		t.Error("no drop is counted")
	}
	wantIntact(t, l.table, true)
}

// plainPacket is what follows the IP header.
type plainPacket struct {
	protocol int
	payload  []byte
}

// neighbourAsks is a neighbour solicitation for the server's address.
func neighbourAsks() plainPacket {
	return plainPacket{unix.IPPROTO_ICMPV6, append([]byte{icmpNeighbourAsks, 0, 0, 0, 0, 0, 0, 0}, server6.AsSlice()...)}
}

func protocols(family netip.Addr) map[string]plainPacket {
	ping := plainPacket{unix.IPPROTO_ICMP, []byte{8, 0, 0xf7, 0xff, 0, 0, 0, 0}}
	if family.Is6() {
		ping = plainPacket{unix.IPPROTO_ICMPV6, []byte{128, 0, 0, 0, 0, 0, 0, 0}}
	}
	return map[string]plainPacket{
		"a ping": ping,
		"UDP":    {unix.IPPROTO_UDP, []byte{0x9c, 0x40, 0, 25, 0, 8, 0, 0}}, // from port 40000 to port 25
		"GRE":    {unix.IPPROTO_GRE, make([]byte, 8)},
	}
}

// arrives sends a packet and waits until it has either arrived or been dropped.
func (l *lab) arrives(t *testing.T, src netip.Addr, p plainPacket) bool {
	t.Helper()
	dropped := func() uint64 {
		c := counters(t, l.table)
		return c.Logged.Packets + c.LogLimited.Packets
	}
	receiver := l.server.Plain(t, src, p.protocol)
	before, arrived := dropped(), false
	l.client.SendPlain(t, src, l.to(src, 0).Addr(), p.protocol, p.payload)
	eventually(t, 5*time.Second, "the packet arrives or is dropped", func() bool {
		arrived = arrived || receiver.Received(t, src, p.payload[0])
		return arrived || dropped() > before
	})
	return arrived
}

// answering is a port of the client's address that accepts connections.
func (l *lab) answering(t *testing.T, src string) netip.AddrPort {
	t.Helper()
	const port = 8025
	if !l.listening {
		l.client.Listen(t, port)
		l.listening = true
	}
	return netip.AddrPortFrom(netip.MustParseAddr(src), port)
}

// TestAllPortsCounters sends to a guarded port and to another one: both count
// for the set of all ports, and nothing is looked up for the mail ports.
func TestAllPortsCounters(t *testing.T) {
	t.Parallel()
	const n = 50
	l := newLab(t, testConfig(), "192.0.2.10", "192.0.2.11")
	apply(t, l.table, ban("192.0.2.10/32", time.Hour), everywhere(ban("192.0.2.10/32", time.Hour)))
	for _, port := range []uint16{25, 22} {
		l.send(t, "192.0.2.10", port, n)
		l.send(t, "192.0.2.11", port, n)
	}
	var c Counters
	eventually(t, 5*time.Second, "all packets are counted", func() bool {
		c = counters(t, l.table)
		return c.Seen.Packets == n && c.Logged.Packets+c.LogLimited.Packets == 2*n
	})
	for _, d := range c.Dropped {
		want := uint64(0)
		if d.Family == "ipv4" && d.Set == "all" {
			want = 2 * n
		}
		if d.Packets != want {
			t.Errorf("dropped for %s %s: %d, want %d", d.Family, d.Set, d.Packets, want)
		}
	}
	bans, err := l.table.Query([]Key{policyKey("192.0.2.10/32"), allKey("192.0.2.10/32")})
	if err != nil || len(bans) != 2 || bans[0].Packets != 0 || bans[1].Packets != 2*n || bans[1].Set != "all4" {
		t.Errorf("counters of the bans: %+v, %v", bans, err)
	}
}

// TestAllPortsExpiry lets a ban at all ports end under a longer one of the mail
// ports.
func TestAllPortsExpiry(t *testing.T) {
	t.Parallel()
	l := newLab(t, testConfig(), "192.0.2.10")
	src := netip.MustParseAddr("192.0.2.10")
	apply(t, l.table, ban("192.0.2.10/32", time.Hour), everywhere(ban("192.0.2.10/32", time.Second)))
	before := time.Now()
	eventually(t, 10*time.Second, "another port is open again", func() bool {
		return l.arrives(t, src, protocols(src)["UDP"])
	})
	if early := time.Since(before); early < 900*time.Millisecond {
		t.Errorf("open again after %v", early)
	}
	l.server.Listen(t, 25)
	if l.passes(t, "192.0.2.10", 25) {
		t.Error("the mail port is open before its time")
	}
}

// TestAllPortsOnDemand finds nothing of it in a table without such bans, and
// nothing any more when a process finds the last one ended. A ban that stands is
// adopted.
func TestAllPortsOnDemand(t *testing.T) {
	t.Parallel()
	table, ns := standingTable(t, testConfig())
	want := func(chains int, sets ...string) {
		t.Helper()
		f, err := table.sock.find("smtpbl")
		if err != nil {
			t.Fatal(err)
		}
		var have []string
		for _, k := range f.bans() {
			if k.layer == LayerAll {
				have = append(have, k.set())
			}
		}
		if diff := cmp.Diff(sets, have); diff != "" || len(f.chains) != chains {
			t.Errorf("%d chains, want %d; sets (-want +got):\n%s", len(f.chains), chains, diff)
		}
		rules, err := table.sock.dumpRules("smtpbl")
		if got := len(rules[chainHook]); got != chains-1 || err != nil {
			t.Errorf("%d rules at the hook, %v", got, err)
		}
		wantIntact(t, table, true)
	}
	again := func(outcome Outcome) {
		t.Helper()
		if err := table.Close(); err != nil {
			t.Fatal(err)
		}
		table = open(t, ns, testConfig())
		if a := ensure(t, table); a.Outcome != outcome || len(a.Created) > 0 {
			t.Errorf("adoption: %+v", a)
		}
	}
	want(3)
	apply(t, table, everywhere(lift("192.0.2.10/32")))
	want(3)
	apply(t, table, everywhere(ban("192.0.2.10/32", time.Hour)))
	want(4, "all4")
	apply(t, table, everywhere(ban("2001:db8:1::/64", time.Hour)), everywhere(lift("192.0.2.10/32")))
	want(4, "all4", "all6_64")
	ensure(t, table) // of the same process: what is empty may have been emptied
	want(4, "all4", "all6_64")
	again(Kept)
	want(4, "all6_64")
	apply(t, table, everywhere(lift("2001:db8:1::/64")))
	again(Kept)
	want(3)
	apply(t, table, everywhere(ban("192.0.2.10/32", time.Hour)))
	want(4, "all4")
}
