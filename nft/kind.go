package nft

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// The shortest prefixes that can be banned: anything wider is a slip of the
// hand that would cut off a continent.
const (
	minBits4 = 8
	minBits6 = 16
)

// kind is a length of prefix in a layer, which has a set of its own.
type kind struct {
	layer Layer
	v6    bool
	bits  int
}

// standing kinds have a set in every table; the others get one when the first
// ban of that length comes.
var standing = []kind{
	{v6: false, bits: 32},
	{v6: false, bits: 24},
	{v6: true, bits: 64},
	{v6: true, bits: 48},
	{v6: true, bits: 128},
}

// Normalize returns the prefix as the sets hold it: IPv4 even where it came
// mapped into IPv6, and without host bits. It returns ErrPrefix for what cannot
// be banned: no prefix at all, IPv4 wider than /8, IPv6 wider than /16.
func Normalize(prefix netip.Prefix) (netip.Prefix, error) {
	addr, bits := prefix.Addr(), prefix.Bits()
	if addr.Is4In6() && bits >= 96 {
		addr, bits = addr.Unmap(), bits-96
	}
	shortest := minBits6
	if addr.Is4() {
		shortest = minBits4
	}
	switch {
	case !prefix.IsValid():
		return netip.Prefix{}, fmt.Errorf("%w: no prefix given", ErrPrefix)
	case addr.Is4In6():
		return netip.Prefix{}, fmt.Errorf("%w: %s covers more than all of IPv4", ErrPrefix, prefix)
	case bits < shortest:
		return netip.Prefix{}, fmt.Errorf("%w: %s is wider than /%d", ErrPrefix, prefix, shortest)
	}
	return netip.PrefixFrom(addr, bits).Masked(), nil
}

// normalize makes the key as the sets hold it. It returns ErrPrefix for what
// cannot be banned, and for a layer whose bans have no names.
func (k Key) normalize() (Key, error) {
	prefix, err := Normalize(k.Prefix)
	if err == nil && k.Layer >= LayerFeed {
		err = fmt.Errorf("%w: %s in a layer without bans of its own", ErrPrefix, prefix)
	}
	return Key{Layer: k.Layer, Prefix: prefix}, err
}

// kind returns the kind of a ban whose prefix is normalized.
func (k Key) kind() kind {
	return kind{layer: k.Layer, v6: k.Prefix.Addr().Is6(), bits: k.Prefix.Bits()}
}

// Set returns the name of the set that holds the ban.
func (k Key) Set() string { return k.kind().set() }

// stems are what the names of a layer's sets begin with.
var stems = [...]string{LayerPolicy: "ban", LayerManual: "manual", LayerAll: "all", LayerFeed: "feed"}

// set returns the name of the set: ban4 or manual4 for whole IPv4 addresses,
// otherwise the family and the length, such as ban4_24.
func (k kind) set() string {
	stem := stems[k.layer] + k.family()
	if k.bits == 32 && !k.v6 {
		return stem
	}
	return stem + "_" + strconv.Itoa(k.bits)
}

// counter returns the name of the counter of dropped packets. The kinds that
// are made on demand share one for each family and layer, so that the number of
// counters does not depend on what is banned.
func (k kind) counter() string {
	if k.stands() {
		return "dropped" + strings.TrimPrefix(k.set(), "ban")
	}
	return "dropped" + k.family() + "_" + k.label()
}

// label is the set that counters of dropped packets are told for: the set of a
// standing kind, and one word for all others of its layer.
func (k kind) label() string {
	switch {
	case k.stands():
		return k.set()
	case k.layer != LayerPolicy:
		return stems[k.layer]
	}
	return "other"
}

func (k kind) family() string {
	if k.v6 {
		return "6"
	}
	return "4"
}

// keyBytes is the size of the set's key.
func (k kind) keyBytes() int {
	if k.v6 {
		return 16
	}
	return 4
}

// kindNamed is the reverse of set.
func kindNamed(set string) (kind, bool) {
	for layer, stem := range stems[:LayerFeed] {
		rest, ok := strings.CutPrefix(set, stem)
		if !ok {
			continue
		}
		family, length, long := strings.Cut(rest, "_")
		bits, err := strconv.Atoi(length)
		if !long {
			bits, err = 32, nil
		}
		k := kind{layer: Layer(layer), v6: family == "6", bits: bits}
		// Only a name that set would have given is one of ours.
		valid := err == nil && k.set() == set && bits <= k.keyBytes()*8 && bits >= minBits4 && (!k.v6 || bits >= minBits6)
		return k, valid
	}
	return kind{}, false
}

// prefix makes the prefix that a key of the set stands for.
func (k kind) prefix(key setKey) (netip.Prefix, bool) {
	addr, ok := key.addr()
	if !ok || int(key.n) != k.keyBytes() {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(addr, k.bits), true
}

// stands tells whether every table has a set for the kind.
func (k kind) stands() bool { return slices.Contains(standing, k) }

// compare orders kinds by layer, then by family, then by length.
func (k kind) compare(other kind) int {
	return cmp.Or(cmp.Compare(k.layer, other.layer), cmp.Compare(k.keyBytes(), other.keyBytes()), cmp.Compare(k.bits, other.bits))
}
