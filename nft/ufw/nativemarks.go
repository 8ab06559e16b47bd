package ufw

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// nativeMarks finds the rules of nftables that use packet or connection marks,
// our own table apart. Rules of iptables-nft are there too, but what they do
// with marks by iptables' own extensions is read by tableMarks.
func nativeMarks(own string) ([]Conflict, error) {
	c, err := nftables.New()
	if err != nil {
		return nil, fmt.Errorf("look who uses packet marks in nftables: %w", err)
	}
	chains, err := c.ListChains()
	if err != nil {
		return nil, fmt.Errorf("look who uses packet marks in nftables: %w", err)
	}
	var found []Conflict
	for _, chain := range chains {
		if chain.Table.Name == own && chain.Table.Family == nftables.TableFamilyINet || isOurs(chain.Name) {
			continue
		}
		rules, err := c.GetRules(chain.Table, chain)
		if err != nil {
			return nil, fmt.Errorf("look who uses packet marks in table %s: %w", chain.Table.Name, err)
		}
		for _, r := range rules {
			if used := exprBits(r.Exprs); used != 0 {
				found = append(found, Conflict{
					Where: "nftables, table " + chain.Table.Name + ", chain " + chain.Name,
					Rule:  fmt.Sprintf("rule with handle %d", r.Handle), Bits: used,
				})
			}
		}
	}
	return found, nil
}

// isOurs tells whether a chain is the harness's; iptables-nft may write its
// rule as one of nftables.
func isOurs(chain string) bool {
	for _, f := range families {
		if chain == f.chain {
			return true
		}
	}
	return false
}

// exprBits returns the bits of marks that a rule's expressions use: those that
// a bitwise operation lets through before a comparison, and those that one
// changes before the mark is set. Without one it is all bits.
func exprBits(exprs []expr.Any) uint32 {
	var used uint32
	for i, e := range exprs {
		load, set := markAccess(e)
		switch {
		case load && !setsLater(exprs[i+1:]):
			used |= maskAfter(exprs[i+1:])
		case set:
			used |= changedBefore(exprs[:i])
		}
	}
	return used
}

// markAccess tells whether an expression loads or sets a mark.
func markAccess(e expr.Any) (load, set bool) {
	switch m := e.(type) {
	case *expr.Meta:
		return m.Key == expr.MetaKeyMARK && !m.SourceRegister, m.Key == expr.MetaKeyMARK && m.SourceRegister
	case *expr.Ct:
		return m.Key == expr.CtKeyMARK && !m.SourceRegister, m.Key == expr.CtKeyMARK && m.SourceRegister
	}
	return false, false
}

// setsLater tells whether what was loaded is only changed and set again: then
// the bits that matter are those that change.
func setsLater(rest []expr.Any) bool {
	for _, e := range rest {
		if _, ok := e.(*expr.Bitwise); ok {
			continue
		}
		_, set := markAccess(e)
		return set
	}
	return false
}

func maskAfter(rest []expr.Any) uint32 {
	if len(rest) > 0 {
		if b, ok := rest[0].(*expr.Bitwise); ok && len(b.Mask) == 4 {
			return binary.NativeEndian.Uint32(b.Mask)
		}
	}
	return math.MaxUint32
}

// changedBefore returns the bits that mark & mask ^ xor changes.
func changedBefore(before []expr.Any) uint32 {
	if n := len(before); n > 0 {
		if b, ok := before[n-1].(*expr.Bitwise); ok && len(b.Mask) == 4 && len(b.Xor) == 4 {
			return ^binary.NativeEndian.Uint32(b.Mask) | binary.NativeEndian.Uint32(b.Xor)
		}
	}
	return math.MaxUint32
}
