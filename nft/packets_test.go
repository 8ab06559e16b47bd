package nft

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// TestVerdicts connects from banned and other addresses to guarded and other
// ports: only what is banned is dropped, and only on the guarded ports.
func TestVerdicts(t *testing.T) {
	for _, hook := range []Hook{HookPrerouting, HookInput, HookUFW} {
		t.Run(string(hook), func(t *testing.T) {
			t.Parallel()
			cfg := testConfig()
			cfg.Hook = hook
			testVerdicts(t, cfg)
		})
	}
}

func testVerdicts(t *testing.T, cfg Config) {
	tests := []struct {
		src    string
		passes bool
	}{
		{"192.0.2.10", false},     // banned itself
		{"192.0.2.11", true},      // its neighbour
		{"192.0.3.77", false},     // in a banned /24
		{"192.0.4.77", true},      // in the next /24
		{"192.0.5.33", false},     // in a banned /27
		{"192.0.5.64", true},      // right behind that /27
		{"192.0.2.99", true},      // banned and allowed
		{"2001:db8:1::5", false},  // in a banned /64
		{"2001:db8:1:1::5", true}, // in the next /64
		{"2001:db8:2:9::5", false},
		{"2001:db8:3:9::5", true},
		{"2001:db8:4::5", false},
		{"2001:db8:4::6", true},  // allowed, in a banned /47
		{"2001:db8:5::6", false}, // in a banned /47
	}
	clients := make([]string, len(tests))
	for i, tt := range tests {
		clients[i] = tt.src
	}
	l := newLab(t, cfg, clients...)
	l.server.Listen(t, 22, 25, 465, 587)
	apply(t, l.table,
		ban("192.0.2.10/32", time.Hour), ban("192.0.3.5/24", time.Hour), ban("192.0.5.40/27", time.Hour),
		ban("192.0.2.99/32", time.Hour), ban("2001:db8:1::/64", time.Hour), ban("2001:db8:2::/48", time.Hour),
		ban("2001:db8:4::5/128", time.Hour), ban("2001:db8:5::/47", time.Hour),
	)
	// 2001:db8:4::/47 holds 2001:db8:5::, and so the neighbour is allowed.
	allow := []netip.Prefix{netip.MustParsePrefix("192.0.2.96/29"), netip.MustParsePrefix("2001:db8:4::6/128")}
	if err := l.table.SetAllow(allow); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		if got := l.passes(t, tt.src, 22); !got {
			t.Errorf("%s cannot reach port 22", tt.src)
		}
		for _, port := range cfg.Ports {
			if got := l.passes(t, tt.src, port); got != tt.passes {
				t.Errorf("%s reaches port %d: %v, want %v", tt.src, port, got, tt.passes)
			}
		}
	}
}

// TestLoopbackIsNeverDropped bans the address of loopback.
func TestLoopbackIsNeverDropped(t *testing.T) {
	t.Parallel()
	l := newLab(t, testConfig(), "192.0.2.10")
	l.server.Listen(t, 25)
	apply(t, l.table, ban("127.0.0.1/32", time.Hour), ban("192.0.2.1/32", time.Hour))
	for _, addr := range []netip.Addr{netip.MustParseAddr("127.0.0.1"), server4} {
		if !l.server.Connects(t, addr, netip.AddrPortFrom(addr, 25)) {
			t.Errorf("%s cannot reach itself", addr)
		}
	}
}

// TestExpiry sends without pause until a ban has ended and compares the moment
// with the timeout.
func TestExpiry(t *testing.T) {
	t.Parallel()
	const timeout = 1500 * time.Millisecond
	l := newLab(t, testConfig(), "192.0.2.10")
	src := netip.MustParseAddr("192.0.2.10")
	s := l.client.Sender(t, src, l.to(src, 25))
	dropped := func() uint64 {
		c, err := l.table.Counters()
		if err != nil {
			t.Fatal(err)
		}
		return c.Seen.Packets - c.Dropped[0].Packets
	}
	before := time.Now()
	apply(t, l.table, ban("192.0.2.10/32", timeout))
	after := time.Now()
	eventually(t, 5*time.Second, "the ban ends", func() bool {
		if err := s.Send(); err != nil {
			t.Fatal(err)
		}
		return dropped() > 0
	})
	if early := time.Since(after); early < timeout-20*time.Millisecond {
		t.Errorf("packet passed %v after the ban of %v", early, timeout)
	}
	if late := time.Since(before); late > timeout+time.Second {
		t.Errorf("first packet passed %v after the ban of %v", late, timeout)
	}
	if bans := query(t, l.table.Reader, netip.PrefixFrom(src, 32)); len(bans) != 0 {
		t.Errorf("ended ban is reported: %v", bans)
	}
}

// TestCopies drops packets with and without somebody who listens to the NFLOG
// group: the numbers of what was logged are the same as without copies.
func TestCopies(t *testing.T) {
	t.Parallel()
	const n = 100
	cfg := testConfig()
	cfg.NFLogGroup = 5
	l := newLab(t, cfg, "192.0.2.10")
	if !l.table.Features().NFLog {
		t.Fatal("the kernel has no NFLOG")
	}
	apply(t, l.table, ban("192.0.2.10/32", time.Hour))
	l.send(t, "192.0.2.10", 25, n)
	var c Counters
	eventually(t, 5*time.Second, "all packets are seen", func() bool {
		c = counters(t, l.table)
		return c.Seen.Packets == n
	})
	if c.Copied.Packets != n || c.Logged.Packets != 10 || c.LogLimited.Packets != n-10 {
		t.Errorf("copied %d, logged %d, not logged %d, want %d, 10, %d", c.Copied.Packets, c.Logged.Packets, c.LogLimited.Packets, n, n-10)
	}
}

// TestCounters sends a known number of packets and finds each of them counted
// in the right places.
func TestCounters(t *testing.T) {
	t.Parallel()
	const n = 137
	l := newLab(t, testConfig(), "192.0.2.10", "192.0.3.10", "192.0.5.33", "192.0.9.9")
	apply(t, l.table, ban("192.0.2.10/32", time.Hour), ban("192.0.3.0/24", time.Hour), ban("192.0.5.32/27", time.Hour))
	for _, c := range []string{"192.0.2.10", "192.0.3.10", "192.0.5.33", "192.0.9.9"} {
		src := netip.MustParseAddr(c)
		s := l.client.Sender(t, src, l.to(src, 587))
		for range n {
			if err := s.Send(); err != nil {
				t.Fatal(err)
			}
		}
	}
	var c Counters
	eventually(t, 5*time.Second, "all packets are seen", func() (done bool) {
		var err error
		if c, err = l.table.Counters(); err != nil {
			t.Fatal(err)
		}
		return c.Seen.Packets == 4*n
	})
	want := map[string]uint64{"ipv4 ban4": n, "ipv4 ban4_24": n, "ipv4 other": n}
	for _, d := range c.Dropped {
		w := Counter{Packets: want[fmt.Sprint(d.Family, " ", d.Set)]}
		w.Bytes = w.Packets * 40 // an IPv4 and a TCP header
		if d.Counter != w {
			t.Errorf("dropped for %s %s: %v, want %v", d.Family, d.Set, d.Counter, w)
		}
	}
	// The burst is what is logged of packets that come within a second.
	if c.Logged.Packets != 10 || c.LogLimited.Packets != 3*n-10 {
		t.Errorf("logged %d and not logged %d, want 10 and %d", c.Logged.Packets, c.LogLimited.Packets, 3*n-10)
	}
	bans := query(t, l.table.Reader, netip.MustParsePrefix("192.0.2.10/32"))
	if len(bans) != 1 || bans[0].Packets != n || bans[0].Bytes != n*40 {
		t.Errorf("counter of the ban: %+v, want %d packets", bans, n)
	}
}
