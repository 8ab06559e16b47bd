package coverage

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"os"
	"strconv"
)

// Listeners returns the TCP ports that something on this machine listens on for
// others than the machine itself. It reads the kernel's tables, and finds
// nothing where they cannot be read.
func Listeners() map[uint16]bool {
	found := map[uint16]bool{}
	for _, file := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		if table, err := os.ReadFile(file); err == nil {
			listeners(table, found)
		}
	}
	return found
}

// listeners reads a table of sockets (proc_pid_net(5) and Linux
// net/ipv4/tcp_ipv4.c, get_tcp4_sock), whose lines begin with
//
//	0: 00000000:008F 00000000:0000 0A
//
// number, own address and port, the other's, and the state: 0A is TCP_LISTEN.
func listeners(table []byte, found map[uint16]bool) {
	for line := range bytes.Lines(table) {
		fields := bytes.Fields(line)
		if len(fields) < 4 || string(fields[3]) != "0A" {
			continue
		}
		addr, port, ok := bytes.Cut(fields[1], []byte(":"))
		if !ok || onlyLocal(addr) {
			continue
		}
		if n, err := strconv.ParseUint(string(port), 16, 16); err == nil {
			found[uint16(n)] = true
		}
	}
}

// onlyLocal tells addresses that only this machine reaches. The kernel prints
// an address as numbers of 32 bits in the machine's own order of bytes.
func onlyLocal(printed []byte) bool {
	b := make([]byte, hex.DecodedLen(len(printed)))
	if _, err := hex.Decode(b, printed); err != nil || len(b)%4 != 0 {
		return false
	}
	for at := 0; at < len(b); at += 4 {
		binary.NativeEndian.PutUint32(b[at:], binary.BigEndian.Uint32(b[at:]))
	}
	addr, ok := netip.AddrFromSlice(b)
	return ok && addr.Unmap().IsLoopback()
}
