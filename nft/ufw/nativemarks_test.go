package ufw

import (
	"encoding/binary"
	"testing"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

func word(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

// TestNativeMarks makes rules in a real kernel and reads back which bits they
// use.
func TestNativeMarks(t *testing.T) {
	load := &expr.Meta{Key: expr.MetaKeyMARK, Register: 1}
	set := &expr.Meta{Key: expr.MetaKeyMARK, Register: 1, SourceRegister: true}
	setCt := &expr.Ct{Key: expr.CtKeyMARK, Register: 1, SourceRegister: true}
	bits := func(mask, xor uint32) expr.Any {
		return &expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: word(mask), Xor: word(xor)}
	}
	is := func(v uint32) expr.Any { return &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: word(v)} }
	tests := map[string]struct {
		exprs []expr.Any
		want  uint32
	}{
		"meta mark 1":                     {[]expr.Any{load, is(1)}, 0xffffffff},
		"meta mark & 0xff 1":              {[]expr.Any{load, bits(0xff, 0), is(1)}, 0xff},
		"meta mark set 1":                 {[]expr.Any{&expr.Immediate{Register: 1, Data: word(1)}, set}, 0xffffffff},
		"meta mark set mark & ~0xf0 | 16": {[]expr.Any{load, bits(0xffffff0f, 0x10), set}, 0xf0},
		"ct mark set mark":                {[]expr.Any{load, setCt}, 0xffffffff},
		"counter":                         {[]expr.Any{&expr.Counter{}}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var found []Conflict
			err := nettest.New(t).Do(func() (err error) {
				c, err := nftables.New()
				if err != nil {
					return err
				}
				for _, table := range []string{"theirs", "smtpbl"} { // ours is left out
					to := c.AddTable(&nftables.Table{Name: table, Family: nftables.TableFamilyINet})
					chain := c.AddChain(&nftables.Chain{Name: "c", Table: to})
					c.AddRule(&nftables.Rule{Table: to, Chain: chain, Exprs: tt.exprs})
				}
				if err := c.Flush(); err != nil {
					return err
				}
				found, err = nativeMarks("smtpbl")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			var got uint32
			for _, c := range found {
				got |= c.Bits
			}
			if got != tt.want || len(found) > 1 {
				t.Errorf("bits %#x in %v, want %#x", got, found, tt.want)
			}
		})
	}
}
