package nft

import (
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/google/nftables/expr"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

// TestNoGap sends packets of a banned address without pause while the table is
// adopted, changed and rebuilt. A table of its own, behind ours, counts what
// gets through: nothing may.
func TestNoGap(t *testing.T) {
	l := newLab(t, testConfig(), "192.0.2.10")
	witness(t, l.server)
	apply(t, l.table, append(many(20_000, time.Hour), ban("192.0.2.10/32", time.Hour))...)

	stop := flood(t, l, "192.0.2.10")
	configs := map[string]func(*Config){
		"ports":       func(c *Config) { c.Ports = []uint16{25, 26} },
		"log prefix":  func(c *Config) { c.LogPrefix = "changed " },
		"hook":        func(c *Config) { c.Hook = HookInput },
		"ufw":         func(c *Config) { c.Hook = HookUFW },
		"copies":      func(c *Config) { c.NFLogGroup = 5 },
		"no counters": func(c *Config) { c.ElementCounters = false },
		"size":        func(c *Config) { c.MaxBans *= 2 },
		"unprotected": func(c *Config) { c.Protect = false },
		"usual":       func(*Config) {},
	}
	// The order of a map differs from run to run, and so do the transitions.
	for range 3 {
		for name, change := range configs {
			cfg := testConfig()
			change(&cfg)
			if err := l.table.Close(); err != nil {
				t.Fatal(err)
			}
			l.table = open(t, l.server, cfg)
			t.Logf("%s: %+v", name, ensure(t, l.table))
			apply(t, l.table, ban("192.0.2.10/32", time.Hour))
			// The chain for all ports comes, and goes when the table is adopted.
			apply(t, l.table, everywhere(ban("198.51.100.7/32", time.Hour)))
			wantIntact(t, l.table, true)
			apply(t, l.table, everywhere(lift("198.51.100.7/32")))
		}
	}
	sent := stop()
	if n := witnessed(t, l.server); n != 0 {
		t.Errorf("%d of %d packets of a banned address got through", n, sent)
	}
	if sent < 1_000 {
		t.Errorf("only %d packets were sent", sent)
	}
	// The witness does see what is not banned.
	apply(t, l.table, lift("192.0.2.10/32"))
	src := netip.MustParseAddr("192.0.2.10")
	s := l.client.Sender(t, src, l.to(src, 25))
	eventually(t, 5*time.Second, "the witness sees a packet", func() bool {
		if err := s.Send(); err != nil {
			t.Fatal(err)
		}
		return witnessed(t, l.server) > 0
	})
}

// flood sends from an address until stop is called, which returns the number of
// packets.
func flood(t *testing.T, l *lab, client string) (stop func() int64) {
	t.Helper()
	src := netip.MustParseAddr(client)
	s := l.client.Sender(t, src, l.to(src, 25))
	var sent atomic.Int64
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-quit:
				return
			default:
			}
			if s.Send() == nil {
				sent.Add(1)
			}
		}
	}()
	return func() int64 {
		close(quit)
		<-ended
		return sent.Load()
	}
}

// witness makes a table that counts TCP packets from 192.0.2.10 which reach the
// machine's own sockets.
func witness(t *testing.T, ns *nettest.Namespace) {
	t.Helper()
	k := standing[0]
	set := setSpec{name: "watched", keyType: keyIPv4Addr, keyLen: 4}
	base := chainSpec{name: "input", base: true, hook: unix.NF_INET_LOCAL_IN, priority: 100}
	foreign(t, ns, func(b *batch) {
		b.table("witness", 0)
		b.counter("witness", "passed")
		b.set("witness", set)
		b.elements(unix.NFT_MSG_NEWSETELEM, create, "witness", set.name,
			[]element{keyed(netip.MustParsePrefix("192.0.2.10/32"))})
		b.chain("witness", base)
		r := append(k.loadSource(), &expr.Lookup{SourceRegister: register, SetName: set.name}, count("passed"))
		if err := b.rule("witness", base.name, r); err != nil {
			t.Fatal(err)
		}
	})
}

// witnessed reads the counter of the witness.
func witnessed(t *testing.T, ns *nettest.Namespace) uint64 {
	t.Helper()
	s, err := openSocket(ns.FD())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.close() }()
	values, err := s.counters("witness")
	if err != nil {
		t.Fatal(err)
	}
	return values["passed"].Packets
}
