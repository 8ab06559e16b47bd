package nft

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

// marker marks packets for one port ahead of our chain, as ufw's harness does;
// bits outside of the mask are as another program would set them.
func marker(t *testing.T, ns *nettest.Namespace, port uint16, mark uint32) {
	t.Helper()
	base := chainSpec{name: "input", base: true, hook: unix.NF_INET_LOCAL_IN}
	foreign(t, ns, func(b *batch) {
		b.table("harness", 0)
		b.chain("harness", base)
		r := rule{
			&expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
			&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: []byte{byte(port >> 8), byte(port)}},
			&expr.Immediate{Register: register, Data: hostU32(mark)},
			&expr.Meta{Key: expr.MetaKeyMARK, Register: register, SourceRegister: true},
		}
		if err := b.rule("harness", base.name, r); err != nil {
			t.Fatal(err)
		}
	})
}

// TestMarks sends to a port that the harness marks, to one that it does not, and
// to one that is not guarded: bans hold on the first two, and the counters tell
// them apart.
func TestMarks(t *testing.T) {
	t.Parallel()
	const n = 20
	tests := []struct {
		name     string
		mark     uint32 // on packets for port 25
		marked   uint64
		unmarked uint64
	}{
		{"harness works", 0x5b100000, n, n},
		{"others use the other bits", 0x5b1a4c7d, n, n},
		{"mark of somebody else", 0x5a100000, 0, 2 * n},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig()
			cfg.Hook = HookUFW
			l := newLab(t, cfg, "192.0.2.10", "192.0.2.11")
			marker(t, l.server, 25, tt.mark)
			l.server.Listen(t, 22, 25, 587)
			apply(t, l.table, ban("192.0.2.10/32", time.Hour))
			for _, port := range []uint16{25, 587, 22} {
				l.send(t, "192.0.2.10", port, n)
			}
			var c Counters
			eventually(t, 5*time.Second, "all packets are seen", func() bool {
				c = counters(t, l.table)
				return c.Seen.Packets >= 2*n
			})
			if c.Marked.Packets != tt.marked || c.Unmarked.Packets != tt.unmarked {
				t.Errorf("%d marked, %d unmarked, want %d and %d", c.Marked.Packets, c.Unmarked.Packets, tt.marked, tt.unmarked)
			}
			if dropped := c.Dropped[0].Packets; dropped != 2*n {
				t.Errorf("%d packets dropped, want %d", dropped, 2*n)
			}
			for port, want := range map[uint16]bool{22: true, 25: false, 587: false} {
				if l.passes(t, "192.0.2.10", port) != want {
					t.Errorf("banned address reaches port %d: %v, want %v", port, !want, want)
				}
				if !l.passes(t, "192.0.2.11", port) {
					t.Errorf("other address does not reach port %d", port)
				}
			}
		})
	}
}

// TestMarksKeepLoopback marks packets of the machine to itself.
func TestMarksKeepLoopback(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	cfg.Hook = HookUFW
	l := newLab(t, cfg, "192.0.2.10")
	marker(t, l.server, 25, cfg.Mark)
	l.server.Listen(t, 25)
	apply(t, l.table, ban("127.0.0.1/32", time.Hour))
	addr := netip.MustParseAddr("127.0.0.1")
	if !l.server.Connects(t, addr, netip.AddrPortFrom(addr, 25)) {
		t.Error("loopback cannot reach itself")
	}
}
