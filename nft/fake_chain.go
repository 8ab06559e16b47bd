package nft

import (
	"slices"

	"golang.org/x/sys/unix"
)

type fakeChain struct {
	spec   chainSpec
	policy uint32 // verdict at the end of a base chain
	rules  []*fakeRule
}

// fakeRule is a rule as it was sent, and the state of its limit.
type fakeRule struct {
	expressions []byte
	limit       fakeLimit
}

// chain finds the chain that an attribute names.
func (tx *fakeTx) chain(attributes []byte, typ uint16) (*fakeTable, *fakeChain, unix.Errno) {
	table, errno := tx.table(attributes)
	if errno != 0 {
		return nil, nil, errno
	}
	chain, ok := table.chains[readString(attr(attributes, typ))]
	if !ok {
		return table, nil, unix.ENOENT
	}
	return table, chain, 0
}

func (tx *fakeTx) newChain(attributes []byte) unix.Errno {
	table, have, errno := tx.chain(attributes, unix.NFTA_CHAIN_NAME)
	if table == nil {
		return errno
	}
	spec := chainSpec{name: readString(attr(attributes, unix.NFTA_CHAIN_NAME))}
	if hook := attr(attributes, unix.NFTA_CHAIN_HOOK); hook != nil {
		spec.base = true
		spec.hook = readU32(attr(hook, unix.NFTA_HOOK_HOOKNUM))
		spec.priority = int32(readU32(attr(hook, unix.NFTA_HOOK_PRIORITY)))
	}
	switch {
	case have == nil:
		policy := readU32(attr(attributes, unix.NFTA_CHAIN_POLICY))
		table.chains[spec.name] = &fakeChain{spec: spec, policy: policy}
		tx.did(func() { delete(table.chains, spec.name) })
	case spec.base && have.spec != spec:
		return tx.kernel.lacks.badHook() // a chain cannot be hung elsewhere
	default:
		// An update, even if it changes nothing.
		old := have.policy
		tx.did(func() { have.policy = old })
		if policy := attr(attributes, unix.NFTA_CHAIN_POLICY); policy != nil {
			have.policy = readU32(policy)
		}
	}
	return 0
}

// deleteChain refuses while something jumps to the chain.
func (tx *fakeTx) deleteChain(attributes []byte) unix.Errno {
	table, chain, errno := tx.chain(attributes, unix.NFTA_CHAIN_NAME)
	switch {
	case errno != 0:
		return errno
	case table.uses(chain) > len(chain.rules):
		return unix.EBUSY
	}
	delete(table.chains, chain.spec.name)
	tx.did(func() { table.chains[chain.spec.name] = chain })
	return 0
}

// uses counts the rules of a chain and the jumps to it.
func (table *fakeTable) uses(chain *fakeChain) int {
	n := len(chain.rules)
	for _, other := range table.chains {
		for _, r := range other.rules {
			if r.refersTo("immediate", chain.spec.name) {
				n++
			}
		}
	}
	return n
}

func (tx *fakeTx) newRule(attributes []byte) unix.Errno {
	table, chain, errno := tx.chain(attributes, unix.NFTA_RULE_CHAIN)
	if errno != 0 {
		return errno
	}
	r := &fakeRule{expressions: slices.Clone(attr(attributes, unix.NFTA_RULE_EXPRESSIONS))}
	if errno := r.check(table); errno != 0 {
		return errno
	}
	chain.rules = append(chain.rules, r)
	tx.did(func() { chain.rules = chain.rules[:len(chain.rules)-1] })
	return 0
}

// flushChain removes all rules.
func (tx *fakeTx) flushChain(attributes []byte) unix.Errno {
	_, chain, errno := tx.chain(attributes, unix.NFTA_RULE_CHAIN)
	if errno != 0 || len(chain.rules) == 0 {
		return errno
	}
	rules := chain.rules
	chain.rules = nil
	tx.did(func() { chain.rules = rules })
	return 0
}

// badHook is the answer to a chain that stands and is declared at another hook:
// on Debian's 5.10 and 6.1 another one than on 6.12.
func (l fakeLacks) badHook() unix.Errno {
	if l.growth {
		return unix.EEXIST
	}
	return unix.EOPNOTSUPP
}
