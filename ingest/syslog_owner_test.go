package ingest

import (
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseSocketEntry(t *testing.T) {
	tests := []struct {
		name, line string
		want       socketEntry
		ok         bool
	}{
		{
			"IPv4", "   1: 0100007F:1F90 0200007F:B2A6 01 00000000:00000000 00:00000000 00000000  1000        0 12345 1 ffff 20 4 30 10 -1",
			socketEntry{netip.MustParseAddrPort("127.0.0.1:8080"), netip.MustParseAddrPort("127.0.0.2:45734"), 1000, true},
			true,
		},
		{
			"IPv6", "   1: 00000000000000000000000001000000:0050 B80D0120000000000000000001000000:0035 01 00000000:00000000 00:00000000 00000000     0        0 7 1",
			socketEntry{netip.MustParseAddrPort("[::1]:80"), netip.MustParseAddrPort("[2001:db8::1]:53"), 0, true},
			true,
		},
		{
			"IPv4 in IPv6, closed by its process", "   1: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000100007F:0051 06 00000000:00000000 03:00000D5C 00000000     0        0 0 3 ffff",
			socketEntry{netip.MustParseAddrPort("127.0.0.1:80"), netip.MustParseAddrPort("127.0.0.1:81"), 0, false},
			true,
		},
		{"heading", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode", socketEntry{}, false},
		{"short", "   1: 0100007F:1F90 0200007F:B2A6 01", socketEntry{}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, ok := parseSocketEntry([]byte(test.line))
			if ok != test.ok {
				t.Fatalf("read: %v, want %v", ok, test.ok)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(socketEntry{}), cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); ok && diff != "" {
				t.Errorf("entry (-want +got):\n%s", diff)
			}
		})
	}
}

// A socket that its process has closed has no owner: root might have had it,
// or anybody.
func TestOwnerOfTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	must(t, err)
	peer, own := plain(conn.LocalAddr()), plain(conn.RemoteAddr())
	if got, want := believeTCP(peer, own), os.Getuid() < firstUser; got != want {
		t.Errorf("our own connection: believed %v, want %v", got, want)
	}
	must(t, conn.Close())
	if believeTCP(peer, own) {
		t.Error("a closed socket was believed")
	}
}

func TestOwnerOfUDP(t *testing.T) {
	needRoot(t)
	conn, err := net.ListenUDP("udp4", nil) // of every address, as rsyslog has it
	must(t, err)
	peer := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(conn.LocalAddr().(*net.UDPAddr).Port)) //nolint:gosec // it is a port
	synctest.Test(t, func(t *testing.T) {
		o := newUDPOwners(time.Now)
		if !o.believe(peer) {
			t.Error("our own socket was not believed")
		}
		must(t, conn.Close())
		if !o.believe(peer) {
			t.Error("the answer was not kept")
		}
		time.Sleep(ownerTTL)
		if o.believe(peer) {
			t.Error("the answer was kept too long")
		}
	})
}

// A local user with many ports must not keep us from believing the one that
// is known, nor fill the memory.
func TestOwnersOfManyPorts(t *testing.T) {
	needRoot(t)
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{})
	must(t, err)
	defer conn.Close()
	known := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(conn.LocalAddr().(*net.UDPAddr).Port)) //nolint:gosec // it is a port
	now := time.Unix(1795446445, 0)
	o := newUDPOwners(func() time.Time { return now })
	if !o.believe(known) {
		t.Fatal("our own socket was not believed")
	}
	now = now.Add(ownerTTL)
	for port := range uint16(2 * strangersPerSecond) {
		if o.believe(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), port)) {
			t.Errorf("port %d was believed", port)
		}
	}
	if o.mayLook(now) {
		t.Error("strangers may be looked up without end")
	}
	if !o.believe(known) {
		t.Error("the known port is no longer believed")
	}
	if len(o.good) != 1 {
		t.Errorf("%d ports are remembered, want 1", len(o.good))
	}
}
