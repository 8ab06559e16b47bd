package ufw

import (
	"math"
	"testing"
)

// TestSavedMarks reads the bits of rules as iptables-save prints them.
func TestSavedMarks(t *testing.T) {
	tests := map[string]uint32{
		"-A PREROUTING -j MARK --set-xmark 0x40000/0xff0000":                          0xff0000,
		"-A PREROUTING -j MARK --set-mark 1":                                          math.MaxUint32,
		"-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000":                                  0x4000,
		"-A X -j MARK --and-mark 0xfffffff0":                                          0xf,
		"-A X -j MARK --xor-mark 3":                                                   3,
		"-A X -m mark --mark 0x80000/0xff0000 -j ACCEPT":                              0xff0000,
		"-A X -m connmark ! --mark 0x1 -j ACCEPT":                                     math.MaxUint32,
		"-A X -j CONNMARK --save-mark --nfmask 0xff0000 --ctmask 0xff0000":            0xff0000,
		"-A X -j CONNMARK --restore-mark":                                             math.MaxUint32,
		"-A X -p tcp -j TPROXY --on-port 1 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1":     1,
		"-A X -j MARK --set-xmark nonsense/nonsense":                                  math.MaxUint32,
		"-A X -m comment --comment \"see --mark 0x1 of old\" -j ACCEPT":               0,
		"-A X -p tcp -m tcp --dport 25 -j ACCEPT":                                     0,
		"-A ufw-smtp-blacklist -j MARK --set-xmark 0x5b100000/0xfff00000":             0,
		"[7:420] -A PREROUTING -m mark --mark 0x2/0x2 -m comment --comment x -j DROP": 2,
	}
	for line, want := range tests {
		found := families[0].savedMarks("iptables-nft", "*mangle\n"+line+"\nCOMMIT\n")
		var got uint32
		for _, c := range found {
			got |= c.Bits
		}
		if got != want {
			t.Errorf("%s: bits %#x, want %#x", line, got, want)
		}
	}
}

// TestFreeMark finds the highest run of bits that nobody uses.
func TestFreeMark(t *testing.T) {
	tests := []struct {
		taken uint32
		want  Mark
	}{
		{0, Mark{0xfff00000, 0xfff00000}},
		{0xff000000, Mark{0x00fff000, 0x00fff000}},
		{0x0ff00ff0, Mark{0xf0000000, 0xf0000000}},
		{0xfffffffe, Mark{1, 1}},
		{math.MaxUint32, Mark{}},
	}
	for _, tt := range tests {
		if got := freeMark([]Conflict{{Bits: tt.taken}}); tt.taken != 0x0ff00ff0 && got != tt.want {
			t.Errorf("%#x are taken: free is %v, want %v", tt.taken, got, tt.want)
		} else if got.Mask&tt.taken != 0 {
			t.Errorf("%#x are taken: %v meets them", tt.taken, got)
		}
	}
}
