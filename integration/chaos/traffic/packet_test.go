package traffic

import (
	"encoding/hex"
	"net/netip"
	"testing"
)

// TestChecksum adds up what a receiver adds up.
func TestChecksum(t *testing.T) {
	for _, tt := range []struct{ from, to string }{
		{"198.19.1.7:40000", "192.0.2.25:587"},
		{"[2001:db8:b00:1::7]:40000", "[2001:db8:25::25]:587"},
	} {
		p := newPacket(netip.MustParseAddrPort(tt.from), netip.MustParseAddrPort(tt.to))
		for _, seq := range []uint32{0, 1, 0xfffffffe} {
			p.number(seq)
			// RFC 1071: the sum over everything with the checksum in place is
			// all ones.
			if got := fold(p.pseudo + sum(p.tcp)); got != 0xffff {
				t.Errorf("%s seq %d: sum %#x\n%s", tt.from, seq, got, hex.Dump(p.bytes))
			}
		}
	}
}

func TestAnswered(t *testing.T) {
	header := func(ack string, flags byte) []byte {
		b, err := hex.DecodeString("024b9c40" + "00000000" + ack + "5000" + "0000" + "00000000")
		if err != nil {
			t.Fatal(err)
		}
		b[13] = flags
		return b
	}
	for _, tt := range []struct {
		name string
		tcp  []byte
		seq  uint32
		ok   bool
	}{
		{"refusal", header("00000008", flagRST|flagACK), 7, true},
		{"acceptance", header("00000008", flagSYN|flagACK), 7, true},
		{"wrapped", header("00000000", flagRST|flagACK), 0xffffffff, true},
		{"data", header("00000008", flagACK), 0, false},
		{"reset of a connection", header("00000008", flagRST), 0, false},
		{"torn", header("00000008", flagRST|flagACK)[:19], 0, false},
	} {
		if seq, ok := answered(tt.tcp); seq != tt.seq || ok != tt.ok {
			t.Errorf("%s: %d, %v, want %d, %v", tt.name, seq, ok, tt.seq, tt.ok)
		}
	}
}
