package ingest

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"os"
	"strconv"
	"time"
)

// socketEntry is one line of the kernel's tables of sockets (proc_net_tcp.rst;
// the UDP tables look the same).
type socketEntry struct {
	local, remote netip.AddrPort
	uid           uint64
	// owned is false for a socket that its process has closed, whose uid is 0
	// whoever it was.
	owned bool
}

// eachSocket calls fn for every IPv4 and IPv6 socket of a protocol, "tcp" or
// "udp", in our network namespace.
func eachSocket(protocol string, fn func(e socketEntry)) {
	for _, family := range []string{"", "6"} {
		table, err := os.ReadFile("/proc/self/net/" + protocol + family)
		if err != nil {
			continue // no IPv6: nobody comes from there
		}
		for line := range bytes.Lines(table) {
			if e, ok := parseSocketEntry(line); ok {
				fn(e)
			}
		}
	}
}

func parseSocketEntry(line []byte) (e socketEntry, ok bool) {
	// sl local remote state queues timer retransmits uid timeout inode …
	f := bytes.Fields(line)
	if len(f) < 10 {
		return e, false
	}
	var ok1, ok2 bool
	e.local, ok1 = parseSocketAddr(string(f[1]))
	e.remote, ok2 = parseSocketAddr(string(f[2]))
	uid, err := strconv.ParseUint(string(f[7]), 10, 32)
	e.uid, e.owned = uid, string(f[9]) != "0"
	return e, ok1 && ok2 && err == nil
}

// parseSocketAddr reads "0100007F:1F90": words in the machine's byte order,
// then the port.
func parseSocketAddr(text string) (netip.AddrPort, bool) {
	host, port, found := bytes.Cut([]byte(text), []byte(":"))
	raw := make([]byte, hex.DecodedLen(len(host)))
	if _, err := hex.Decode(raw, host); err != nil || !found || len(raw)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	addr, ok := netip.AddrFromSlice(raw)
	n, err := strconv.ParseUint(string(port), 16, 16)
	return netip.AddrPortFrom(addr.Unmap(), uint16(n)), ok && err == nil
}

// believeTCP reports whether the socket at the other end of a loopback
// connection is of root or a system user.
func believeTCP(peer, own netip.AddrPort) (believed bool) {
	eachSocket("tcp", func(e socketEntry) {
		if e.local == peer && e.remote == own && e.owned {
			believed = e.uid < firstUser
		}
	})
	return believed
}

// udpOwners remembers which loopback ports of UDP are of root or a system
// user. Syslog daemons send everything from one port.
type udpOwners struct {
	now func() time.Time
	// good holds when each port was last looked up and believed.
	good map[netip.AddrPort]time.Time
	// second and looks bound the look-ups for strangers, so that a local user
	// cannot keep us busy with the kernel's table.
	second int64
	looks  int
}

const (
	// ownerTTL is how long an answer is believed: so long a user who gets the
	// port of a daemon that has ended could pass for it.
	ownerTTL = time.Second
	// strangersPerSecond bounds the look-ups for ports not known as good.
	strangersPerSecond = 100
	// maxGood bounds the memory; a machine has one syslog daemon or two.
	maxGood = 64
)

func newUDPOwners(now func() time.Time) *udpOwners {
	return &udpOwners{now: now, good: map[netip.AddrPort]time.Time{}}
}

func (o *udpOwners) believe(peer netip.AddrPort) bool {
	now := o.now()
	seen, known := o.good[peer]
	if known && now.Sub(seen) < ownerTTL {
		return true
	}
	if !known && !o.mayLook(now) {
		return false
	}
	if !ownedBySystem(peer) {
		delete(o.good, peer)
		return false
	}
	if len(o.good) >= maxGood {
		clear(o.good)
	}
	o.good[peer] = now
	return true
}

// mayLook counts a look-up for a stranger.
func (o *udpOwners) mayLook(now time.Time) bool {
	if second := now.Unix(); second != o.second {
		o.second, o.looks = second, 0
	}
	o.looks++
	return o.looks <= strangersPerSecond
}

// ownedBySystem looks for the sockets that can have sent from peer; where
// several share the port, every one must be of root or a system user.
func ownedBySystem(peer netip.AddrPort) bool {
	system, others := 0, 0
	eachSocket("udp", func(e socketEntry) {
		at := e.local.Addr()
		if e.local.Port() != peer.Port() || at != peer.Addr() && !at.IsUnspecified() {
			return
		}
		if e.owned && e.uid < firstUser {
			system++
		} else {
			others++
		}
	})
	return system > 0 && others == 0
}
