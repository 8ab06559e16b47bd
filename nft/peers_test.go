package nft

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

func openPeers(t testing.TB, ns *nettest.Namespace, ports ...uint16) *Peers {
	t.Helper()
	p, err := OpenPeers(ports, WithNetNS(ns.FD()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func peersOf(t *testing.T, p *Peers) []netip.Addr {
	t.Helper()
	peers, err := p.Connected()
	if err != nil {
		t.Fatal(err)
	}
	var out []netip.Addr
	for _, peer := range peers {
		out = append(out, peer.Addr)
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return out
}

// TestPeers lists connections to two ports of four, of both families, through
// a listener of one family and one of both.
func TestPeers(t *testing.T) {
	t.Parallel()
	l := newSessionLab(t, 25)
	p := openPeers(t, l.server, 22, 2222)
	if got := peersOf(t, p); len(got) != 0 {
		t.Errorf("before anybody came: %v", got)
	}
	ssh, both := l.listen(t, "tcp4", 22), l.listen(t, "tcp", 2222)
	l.connect(t, l.listen(t, "tcp", 25), "192.0.2.11")
	l.connect(t, ssh, "192.0.2.10")
	first := l.connect(t, both, "192.0.3.7")
	l.connect(t, both, "2001:db8:1::5")
	want := []netip.Addr{
		netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("192.0.3.7"), netip.MustParseAddr("2001:db8:1::5"),
	}
	opt := cmpopts.EquateComparable(netip.Addr{})
	if diff := cmp.Diff(want, peersOf(t, p), opt); diff != "" {
		t.Errorf("peers (-want +got):\n%s", diff)
	}
	first.close()
	if diff := cmp.Diff([]netip.Addr{want[0], want[2]}, peersOf(t, p), opt); diff != "" {
		t.Errorf("after one left (-want +got):\n%s", diff)
	}
}

// TestPeersTellsConnectionsApart of one address, and knows one again.
func TestPeersTellsConnectionsApart(t *testing.T) {
	t.Parallel()
	l := newSessionLab(t, 25)
	p := openPeers(t, l.server, 22)
	ssh := l.listen(t, "tcp", 22)
	l.connect(t, ssh, "192.0.2.10")
	before, err := p.Connected()
	if err != nil || len(before) != 1 {
		t.Fatalf("peers %v, %v, want one", before, err)
	}
	l.connect(t, ssh, "192.0.2.10")
	after, err := p.Connected()
	if err != nil || len(after) != 2 || !slices.Contains(after, before[0]) || after[0] == after[1] {
		t.Errorf("peers %v then %v, %v", before, after, err)
	}
}

func TestPeersNeedPorts(t *testing.T) {
	t.Parallel()
	if _, err := OpenPeers(nil); !errors.Is(err, ErrConfig) {
		t.Errorf("OpenPeers without ports: %v", err)
	}
}

// BenchmarkPeers is what each group of bans waits for: a walk of the kernel's
// table of connections, whose size grows with the machine's memory.
func BenchmarkPeers(b *testing.B) {
	l := newSessionLab(b, 25)
	l.connect(b, l.listen(b, "tcp", 22), "192.0.2.10")
	p := openPeers(b, l.server, 22)
	for b.Loop() {
		if _, err := p.Connected(); err != nil {
			b.Fatal(err)
		}
	}
}
