package nft

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// attrSetCount is NFTA_SET_COUNT, the number of elements; attrSetExpressions is
// NFTA_SET_EXPRESSIONS; attrTableOwner is NFTA_TABLE_OWNER. x/sys lacks them.
const (
	attrTableOwner     = 7
	attrSetExpressions = 18
	attrSetCount       = 20
)

// found is what stands in the kernel under the table's name.
type found struct {
	exists bool
	flags  uint32
	owner  uint32 // port of the owning socket; 0 without owner
	sets   map[string]foundSet
	feeds  feedSets
	chains map[string]foundChain // only those with our names
}

type foundSet struct {
	spec    setSpec
	count   uint32
	counts  bool // whether the kernel told count
	regular bool // a plain set: no map, no concatenation, not constant
}

type foundChain struct {
	spec   chainSpec
	uses   uint32 // rules in it and jumps to it
	policy uint32 // verdict at the end of a base chain; 0 for another chain
}

// find reads the outline of the table, without rules and elements.
func (s *socket) find(table string) (found, error) {
	f := found{sets: map[string]foundSet{}, chains: map[string]foundChain{}}
	err := s.get(unix.NFT_MSG_GETTABLE, func(e *encoder) {
		e.str(unix.NFTA_TABLE_NAME, table)
	}, func(b []byte) {
		f.flags = readU32(attr(b, unix.NFTA_TABLE_FLAGS))
		f.owner = readU32(attr(b, attrTableOwner))
	})
	if errors.Is(err, unix.ENOENT) {
		return f, nil
	}
	if err != nil {
		return f, fmt.Errorf("read table %s: %w", table, classify(err))
	}
	f.exists = true
	for _, spec := range chainSpecs(HookPrerouting, true) {
		if err = s.findChain(table, spec.name, f.chains); err != nil {
			return f, err
		}
	}
	if f.sets, err = s.findSets(table); err == nil && f.hasFeeds() {
		f.feeds, err = s.findFeeds(table)
	}
	return f, err
}

func (s *socket) findChain(table, name string, into map[string]foundChain) error {
	err := s.get(unix.NFT_MSG_GETCHAIN, func(e *encoder) {
		e.str(unix.NFTA_CHAIN_TABLE, table)
		e.str(unix.NFTA_CHAIN_NAME, name)
	}, func(b []byte) {
		c := foundChain{spec: chainSpec{name: name}, uses: readU32(attr(b, unix.NFTA_CHAIN_USE))}
		if hook := attr(b, unix.NFTA_CHAIN_HOOK); hook != nil {
			c.spec.base = true
			c.spec.hook = readU32(attr(hook, unix.NFTA_HOOK_HOOKNUM))
			c.spec.priority = int32(readU32(attr(hook, unix.NFTA_HOOK_PRIORITY)))
			c.policy = readU32(attr(b, unix.NFTA_CHAIN_POLICY))
		}
		into[name] = c
	})
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("read chain %s of table %s: %w", name, table, classify(err))
	}
	return nil
}

// findSets lists the sets of the table without their elements.
func (s *socket) findSets(table string) (map[string]foundSet, error) {
	var sets map[string]foundSet
	err := uninterrupted(func() error {
		sets = map[string]foundSet{}
		return s.dump(unix.NFT_MSG_GETSET, func(e *encoder) {
			e.str(unix.NFTA_SET_TABLE, table)
		}, func(b []byte) {
			set := decodeSet(b)
			sets[set.spec.name] = set
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list sets of table %s: %w", table, classify(err))
	}
	return sets, nil
}

// uninterrupted asks for a list again that was interrupted by another
// transaction. Lists that it is for are short. The pauses grow, so that somebody
// who commits without a break is met between two of his transactions: some 250 ms
// in all.
func uninterrupted(list func() error) error {
	const attempts = 12
	pause := 125 * time.Microsecond
	for range attempts {
		if err := list(); !errors.Is(err, errInterrupted) {
			return err
		}
		time.Sleep(pause)
		pause *= 2
	}
	return list()
}

func decodeSet(b []byte) foundSet {
	var set foundSet
	for typ, v := range attrs(b) {
		switch typ {
		case unix.NFTA_SET_NAME:
			set.spec.name = readString(v)
		case unix.NFTA_SET_FLAGS:
			set.spec.flags = readU32(v)
		case unix.NFTA_SET_KEY_TYPE:
			set.spec.keyType = readU32(v)
		case unix.NFTA_SET_KEY_LEN:
			set.spec.keyLen = readU32(v)
		case unix.NFTA_SET_DESC:
			set.spec.size = readU32(attr(v, unix.NFTA_SET_DESC_SIZE))
		case attrSetExpr, attrSetExpressions:
			set.spec.counted = true
		case attrSetCount:
			set.count, set.counts = readU32(v), true
		}
	}
	const usual = unix.NFT_SET_INTERVAL | unix.NFT_SET_TIMEOUT
	set.regular = set.spec.flags&^usual == 0
	return set
}

// kinds lists the kinds that have a set or are known to have had one, the
// standing ones always and first.
func (f found) kinds(known []kind) []kind {
	kinds := slices.Clone(standing)
	for _, k := range slices.Concat(f.bans(), known) {
		if !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// bans lists the kinds whose sets are in the kernel, in a fixed order.
func (f found) bans() []kind {
	var kinds []kind
	for name := range f.sets {
		if k, ok := kindNamed(name); ok {
			kinds = append(kinds, k)
		}
	}
	slices.SortFunc(kinds, kind.compare)
	return kinds
}
