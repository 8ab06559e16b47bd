package nft

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestPortFilter lets the kernel filter a list of connections to four ports:
// this is the filter alone, without the look at the port that follows it.
func TestPortFilter(t *testing.T) {
	t.Parallel()
	all := []uint16{22, 25, 465, 587}
	l := newSessionLab(t, 25)
	for _, port := range all {
		l.connect(t, l.listen(t, "tcp4", port), "192.0.2.10")
	}
	for _, want := range [][]uint16{{22}, {587}, {25, 465}, {25, 465, 587}, {22, 25, 465, 587}} {
		ports := map[uint16]struct{}{}
		for _, port := range want {
			ports[port] = struct{}{}
		}
		// The order of a map, and so the program, differs from run to run.
		for range 5 {
			var got []uint16
			err := l.sessions.sock.tcpSockets(unix.AF_INET, openStates, portFilter(ports), func(s tcpSocket) {
				got = append(got, s.localPort())
			})
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("ports (-filter +listed):\n%s", diff)
			}
		}
	}
}

// TestStaleSocketIsSpared destroys a socket by an identity that is right but for
// the cookie: it belongs to an earlier connection of the same addresses and
// ports.
func TestStaleSocketIsSpared(t *testing.T) {
	t.Parallel()
	l := newSessionLab(t, 25)
	open := l.connect(t, l.listen(t, "tcp", 25), "192.0.2.10")
	victims, err := l.sessions.victims(newPrefixSet([]netip.Prefix{netip.MustParsePrefix("192.0.2.10/32")}), l.sessions.guarded)
	if err != nil || len(victims) != 1 {
		t.Fatalf("victims: %v, %v, want one", victims, err)
	}
	stale := victims[0]
	for i := sizeofSockID - 4; i < sizeofSockID; i++ {
		stale.id[i] ^= 0x55 // far from any cookie that another socket may get
	}
	if killed, err := l.sessions.sock.destroy([]tcpSocket{stale}); killed != 0 || err != nil {
		t.Errorf("stale identity: killed %d, %v", killed, err)
	}
	open.wantAlive(t, "the later connection")
	if killed, err := l.sessions.sock.destroy([]tcpSocket{stale, victims[0], stale}); killed != 1 || err != nil {
		t.Errorf("right identity among stale ones: killed %d, %v", killed, err)
	}
	open.wantReset(t, "the connection")
}

// TestKillWithinTimeWait destroys a socket that has shrunk to its TIME_WAIT
// since it was listed. Kernels differ in whether they can do so; it must not be
// taken for a kernel that cannot destroy sockets.
func TestKillWithinTimeWait(t *testing.T) {
	t.Parallel()
	l := newSessionLab(t, 25)
	open := l.connect(t, l.listen(t, "tcp", 25), "192.0.2.10")
	victims, err := l.sessions.victims(newPrefixSet([]netip.Prefix{netip.MustParsePrefix("192.0.2.10/32")}), l.sessions.guarded)
	if err != nil || len(victims) != 1 {
		t.Fatalf("victims: %v, %v, want one", victims, err)
	}
	for _, conn := range []net.Conn{open.server, open.client} { // the first to close waits
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.sessions.sock.destroy(victims); err != nil {
		t.Errorf("destroy: %v", err)
	}
	l.kill(t, 0, "192.0.2.10/32")
}

// TestClassifyDiag gives each errno the sentinel that the caller acts on.
func TestClassifyDiag(t *testing.T) {
	for errno, want := range map[unix.Errno]error{
		unix.EPERM: ErrPermission, unix.EOPNOTSUPP: ErrNoSockDestroy,
		unix.ENOENT: ErrNoSockDestroy, unix.EPROTONOSUPPORT: ErrNoSockDestroy,
	} {
		got := classifyDiag(fmt.Errorf("do something: %w", &messageError{errno: errno}))
		if !errors.Is(got, want) || !errors.Is(got, errno) {
			t.Errorf("classifyDiag(%v) = %v, want %v", errno, got, want)
		}
	}
	for _, err := range []error{nil, unix.EINVAL, errNoAnswer} {
		if got := classifyDiag(err); !errors.Is(got, err) || errors.Is(got, ErrNoSockDestroy) {
			t.Errorf("classifyDiag(%v) = %v, want it unchanged", err, got)
		}
	}
}

// TestPrefixSet looks up the first and last address of prefixes and those on
// either side of them.
func TestPrefixSet(t *testing.T) {
	var list []netip.Prefix
	for _, p := range []string{"192.0.2.64/26", "10.0.0.0/8", "10.1.0.0/16", "::ffff:198.51.100.0/120", "2001:db8::/32", "2001:db9::1/128"} {
		list = append(list, netip.MustParsePrefix(p))
	}
	set := newPrefixSet(list)
	for _, p := range list {
		r := rangeOf(p)
		for addr, want := range map[netip.Addr]bool{
			r.first: true, r.last: true, r.first.Prev(): false, r.last.Next(): false,
		} {
			want = want || p == netip.MustParsePrefix("10.1.0.0/16") // lies within 10.0.0.0/8
			if got := set.contains(addr); got != want {
				t.Errorf("contains(%s) = %v, want %v", addr, got, want)
			}
		}
	}
	everything := newPrefixSet([]netip.Prefix{netip.MustParsePrefix("::/0")})
	if !everything.contains(netip.MustParseAddr("2001:db8::1")) || everything.contains(netip.MustParseAddr("192.0.2.1")) {
		t.Error("::/0 must hold all of IPv6 and nothing of IPv4")
	}
}

// sockMessage is the kernel's report of one socket: a header, family, state and
// two numbers for timers, the identity, five numbers.
func sockMessage(family uint8, local uint16, remote netip.Addr) []byte {
	b := &batch{}
	b.begin(unix.SOCK_DIAG_BY_FAMILY, 0)
	var id [sizeofSockID]byte
	binary.BigEndian.PutUint16(id[0:], local)
	copy(id[20:36], remote.AsSlice())
	b.b = append(b.b, family, 1, 0, 0)
	b.b = append(append(b.b, id[:]...), make([]byte, 20)...)
	b.seal()
	return b.b
}

// FuzzSockets reads whatever bytes as the kernel's list of sockets. What is
// chosen to be destroyed has the bytes of a banned address and a guarded port
// in the right places, at any length.
func FuzzSockets(f *testing.F) {
	v4, v6 := netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("2001:db8:1::5")
	f.Add(uint8(unix.AF_INET), sockMessage(unix.AF_INET, 25, v4))
	f.Add(uint8(unix.AF_INET6), sockMessage(unix.AF_INET6, 25, v6))
	f.Add(uint8(unix.AF_INET6), sockMessage(unix.AF_INET6, 25, netip.AddrFrom16(v4.As16())))
	f.Add(uint8(unix.AF_INET), append(sockMessage(unix.AF_INET, 22, v4), sockMessage(unix.AF_INET, 25, v4)[:70]...))
	banned := newPrefixSet([]netip.Prefix{netip.MustParsePrefix("192.0.2.10/32"), netip.MustParsePrefix("2001:db8:1::/64")})
	s, mail := &Sessions{}, portChoice{ports: map[uint16]struct{}{25: {}}}
	f.Fuzz(func(t *testing.T, family uint8, in []byte) {
		var interrupted bool
		_, _ = eachAnswer(in, &interrupted, readSocket(family, func(sock tcpSocket) {
			if !s.condemns(banned, mail, sock) {
				return
			}
			addr := sock.id[20:36]
			is4 := string(addr[:4]) == string(v4.AsSlice()) && family == unix.AF_INET
			mapped4 := netip.AddrFrom16([16]byte(addr)) == netip.AddrFrom16(v4.As16()) && family != unix.AF_INET
			is6 := string(addr[:8]) == string(v6.AsSlice()[:8]) && family != unix.AF_INET
			if sock.id[0] != 0 || sock.id[1] != 25 || (!is4 && !mapped4 && !is6) {
				t.Errorf("condemned: %x", sock.id)
			}
		}))
	})
}

// benchmarkKill has n connections of one address beside bans of others; ends
// tells whether that address is banned too and its connections are made anew for
// each round.
func benchmarkKill(b *testing.B, n, bans int, ends bool) {
	l := newSessionLab(b, 25)
	listener := l.listen(b, "tcp", 25)
	list := prefixes(many(bans, 0))
	if ends {
		list = append(list, netip.MustParsePrefix("192.0.2.10/32"))
	}
	open := make([]session, n)
	fill := func() {
		for i := range open {
			open[i] = l.connect(b, listener, "192.0.2.10")
		}
	}
	fill()
	b.ReportAllocs()
	for b.Loop() {
		killed, err := l.sessions.Kill(list)
		if err != nil || (ends && killed != n) || (!ends && killed != 0) {
			b.Fatal(killed, err)
		}
		if ends {
			b.StopTimer()
			for _, s := range open {
				s.close()
			}
			fill()
			b.StartTimer()
		}
	}
}

// BenchmarkKill1000 ends 1,000 connections of one address.
func BenchmarkKill1000(b *testing.B) { benchmarkKill(b, 1_000, 0, true) }

// BenchmarkKillNoneOf1000 looks among 1,000 connections for one banned address
// that has none, and BenchmarkKill10kBans for 10,000 of them.
func BenchmarkKillNoneOf1000(b *testing.B) { benchmarkKill(b, 1_000, 1, false) }
func BenchmarkKill10kBans(b *testing.B)    { benchmarkKill(b, 1_000, 10_000, false) }
