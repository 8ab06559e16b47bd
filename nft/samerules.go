package nft

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"golang.org/x/sys/unix"
)

// dumpRules lists the expressions of each rule, by chain, in order.
func (s *socket) dumpRules(table string) (map[string][][]byte, error) {
	rules := map[string][][]byte{}
	err := uninterrupted(func() error {
		clear(rules)
		return s.dump(unix.NFT_MSG_GETRULE, func(e *encoder) {
			e.str(unix.NFTA_RULE_TABLE, table)
		}, func(b []byte) {
			chain := readString(attr(b, unix.NFTA_RULE_CHAIN))
			rules[chain] = append(rules[chain], bytes.Clone(attr(b, unix.NFTA_RULE_EXPRESSIONS)))
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list rules of table %s: %w", table, classify(err))
	}
	return rules, nil
}

// rulesAre tells whether the rules that stand do what the wanted ones do. Rules
// that look into a set were appended as their sets were made, and may come in
// any order after the first ones.
func (s *socket) rulesAre(table string, want map[string][]rule) (bool, error) {
	have, err := s.dumpRules(table)
	if errors.Is(err, errInterrupted) {
		return false, nil // somebody is changing them: look closer
	}
	if err != nil {
		return false, err
	}
	for chain, rules := range want {
		if len(have[chain]) != len(rules) {
			return false, nil
		}
		for i, r := range rules {
			if same, err := r.among(have[chain], i, firstRules(chain)); err != nil || !same {
				return false, err
			}
		}
	}
	return true, nil
}

// firstRules is how many rules of a chain stand before those for bans, whose
// order does not matter: all of them where there are none for bans.
func firstRules(chain string) int {
	switch chain {
	case chainBlacklist:
		return 1 + len(allowRules()) // the counter comes first
	case chainAll:
		return len(firstAllRules())
	}
	return math.MaxInt
}

// among tells whether the rule is the one at its place or, from a place on, one
// of those behind that.
func (r rule) among(have [][]byte, place, from int) (bool, error) {
	var e encoder
	if err := r.encode(&e); err != nil {
		return false, err
	}
	want := attr(e.b, unix.NFTA_RULE_EXPRESSIONS)
	if sameExpressions(want, have[place]) {
		return true, nil
	}
	for i := from; i < len(have) && place >= from; i++ {
		if sameExpressions(want, have[i]) {
			return true, nil
		}
	}
	return false, nil
}

// sameExpressions compares a list of expressions as we write it with one as the
// kernel tells it.
func sameExpressions(want, have []byte) bool {
	var told [][]byte
	for _, item := range attrs(have) {
		told = append(told, item)
	}
	n := 0
	for _, item := range attrs(want) {
		if n == len(told) || !sameAttrs(item, told[n], readString(attr(item, unix.NFTA_EXPR_NAME)) == "log") {
			return false
		}
		n++
	}
	return n == len(told)
}

// sameAttrs compares what we write with what the kernel tells: in another
// order, with strings that end in a NUL byte, without numbers that are 0 or
// with more of them, and for a log also its level, which we leave to the
// kernel.
func sameAttrs(want, have []byte, isLog bool) bool {
	var named uint64 // bit for each type in want
	for rest := want; len(rest) >= unix.SizeofNlAttr; {
		n := int(binary.NativeEndian.Uint16(rest))
		typ := binary.NativeEndian.Uint16(rest[2:])
		v, told := rest[unix.SizeofNlAttr:n], attr(have, typ&^unix.NLA_F_NESTED)
		rest = rest[min(align4(n), len(rest)):]
		named |= 1 << (typ & 63)
		if typ&unix.NLA_F_NESTED != 0 {
			if !sameAttrs(v, told, isLog) {
				return false
			}
		} else if !bytes.Equal(bytes.TrimRight(v, "\x00"), bytes.TrimRight(told, "\x00")) {
			return false
		}
	}
	for typ, v := range attrs(have) {
		level := isLog && typ == unix.NFTA_LOG_LEVEL
		if named&(1<<(typ&63)) == 0 && !level && len(bytes.TrimRight(v, "\x00")) > 0 {
			return false
		}
	}
	return true
}
