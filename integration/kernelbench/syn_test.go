package main

import (
	"encoding/hex"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSYN compares frames with what the headers' RFCs ask for, written out.
func TestSYN(t *testing.T) {
	for src, want := range map[string]string{
		"10.0.0.1": "020000000025" + "020000000001" + "0800" +
			"45000028" + "00000000" + "4006aeb6" + "0a000001" + "c0000219" +
			"9c400019" + "00000000" + "00000000" + "5002ffff" + "476f0000",
		"2001:db8::1": "020000000025" + "020000000001" + "86dd" +
			"60000000" + "00140640" + "20010db8000000000000000000000001" + "fd250000000000000000000000000025" +
			"9c400019" + "00000000" + "00000000" + "5002ffff" + "e8840000",
	} {
		if diff := cmp.Diff(want, hex.EncodeToString(syn(netip.MustParseAddr(src), 25))); diff != "" {
			t.Errorf("%s: %s", src, diff)
		}
	}
}

// TestChecksum is the example of RFC 1071, section 3.
func TestChecksum(t *testing.T) {
	if got := checksum([]byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}); got != ^uint16(0xddf2) {
		t.Errorf("got %#x", got)
	}
}
