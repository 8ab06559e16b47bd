package ufw

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Conflict is a rule of somebody else that sets or reads bits of a packet or
// connection mark.
type Conflict struct {
	Where string // such as "iptables, table mangle, chain PREROUTING"
	Rule  string
	Bits  uint32
}

// String tells who uses which bits.
func (c Conflict) String() string { return fmt.Sprintf("%s: %s (bits %#x)", c.Where, c.Rule, c.Bits) }

// marks lists all other uses of marks on this machine.
func (h *Harness) marks(ctx context.Context) ([]Conflict, error) {
	tables, err := h.tableMarks(ctx)
	if err != nil {
		return nil, err
	}
	native, err := nativeMarks(h.cfg.Table)
	if err != nil {
		return nil, err
	}
	routing, err := routingMarks()
	return slices.Concat(tables, native, routing), err
}

// meeting returns the uses that share bits with a mask.
func meeting(used []Conflict, mask uint32) []Conflict {
	var found []Conflict
	for _, c := range used {
		if c.Bits&mask != 0 {
			found = append(found, c)
		}
	}
	return found
}

// bestBits is how many bits a mark needs that nobody chooses by chance.
const bestBits = 12

// freeMark finds the longest run of bits that nobody uses, up to bestBits and
// as high as it can be, and the mark whose value has all of them set. The mask
// is 0 where every bit is used.
func freeMark(used []Conflict) Mark {
	var taken uint32
	for _, c := range used {
		taken |= c.Bits
	}
	for n := bestBits; n > 0; n-- {
		for shift := 32 - n; shift >= 0; shift-- {
			if mask := uint32(1<<n-1) << shift; mask&taken == 0 {
				return Mark{Value: mask, Mask: mask}
			}
		}
	}
	return Mark{}
}

// flavours are the parts of the names of the programs that print the rules of
// the two flavours of iptables. One of them may be missing.
var flavours = []string{"nft", "legacy"}

// tableMarks reads the rules of all tables of iptables, of both flavours.
func (h *Harness) tableMarks(ctx context.Context) ([]Conflict, error) {
	var found []Conflict
	for _, f := range families {
		for _, flavour := range flavours {
			name := f.tool + "-" + flavour + "-save"
			text, err := h.run(ctx, "", name)
			if errors.Is(err, ErrNoIPTables) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("look who uses packet marks: %w", err)
			}
			found = append(found, f.savedMarks(f.tool+"-"+flavour, text)...)
		}
	}
	return found, nil
}
