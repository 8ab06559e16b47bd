package coverage

import (
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

// word prints 32 bits as the kernel of this machine does.
func word(b ...byte) string { return fmt.Sprintf("%08X", binary.NativeEndian.Uint32(b)) }

func TestListeners(t *testing.T) {
	zero := word(0, 0, 0, 0)
	table := []byte(head)
	for i, at := range []string{
		zero + ":008F " + zero + ":0000 0A",
		word(127, 0, 0, 1) + ":006E " + zero + ":0000 0A",                           // for this machine only
		word(10, 0, 0, 127) + ":03E1 " + zero + ":0000 0A",                          // one address of several
		zero + ":03E3 " + word(192, 0, 2, 1) + ":C350 01",                           // a connection
		strings.Repeat(zero, 4) + ":105E " + zero + ":0000 0A",                      // IPv6
		strings.Repeat(zero, 3) + word(0, 0, 0, 1) + ":0019 x:0000 0A",              // ::1
		zero + zero + word(0, 0, 255, 255) + word(127, 0, 0, 1) + ":024B x:0000 0A", // ::ffff:127.0.0.1
		word(0x20, 1, 0xd, 0xb8) + zero + zero + word(0, 0, 0, 1) + ":01D1 x:0000 0A",
	} {
		table = fmt.Appendf(table, "%4d: %s 00000000:00000000 00:00000000 00000000     0        0 12345 1\n", i, at)
	}
	got := map[uint16]bool{}
	listeners(table, got)
	if diff := cmp.Diff(set([]uint16{143, 993, 4190, 465}), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestListenersOfThisMachine(t *testing.T) {
	for addr, want := range map[string]bool{"0.0.0.0:0": true, "127.0.0.1:0": false} {
		var lc net.ListenConfig
		l, err := lc.Listen(t.Context(), "tcp4", addr)
		if err != nil {
			t.Fatal(err)
		}
		port := uint16(l.Addr().(*net.TCPAddr).Port)
		if got := Listeners()[port]; got != want {
			t.Errorf("%s, port %d: got %v", addr, port, got)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzListeners(f *testing.F) {
	f.Add(head + "0: 00000000:008F 00000000:0000 0A\n")
	f.Add("0: 0:0 0 0A\n1: 000000:1 x 0A\n: : : 0A")
	f.Fuzz(func(t *testing.T, table string) {
		found := map[uint16]bool{}
		listeners([]byte(table), found)
		if len(found) > strings.Count(table, "\n")+1 {
			t.Errorf("%d ports in %q", len(found), table)
		}
	})
}
