package nft

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// keysPerRequest bounds the answers that wait in the socket at a time: each is
// a datagram of its own.
const keysPerRequest = 500

// Query returns which of the bans stand now, in their order; the others are left
// out. The cost is a few microseconds each, whatever the size of the sets.
func (r *Reader) Query(keys []Key) ([]Ban, error) {
	normal := make([]Key, 0, len(keys))
	for _, k := range keys {
		k, err := k.normalize()
		if err != nil {
			return nil, fmt.Errorf("query bans: %w", err)
		}
		normal = append(normal, k)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.query(normal)
}

func (r *Reader) query(keys []Key) ([]Ban, error) {
	var bans []Ban
	for chunk := range slices.Chunk(keys, keysPerRequest) {
		some, err := r.sock.lookUp(r.table, chunk)
		if err != nil {
			return nil, fmt.Errorf("query %d bans of table %s: %w", len(chunk), r.table, classify(err))
		}
		bans = append(bans, some...)
	}
	if len(bans) == 0 {
		// The kernel says ENOENT for a missing ban and for a missing table.
		if _, err := r.outline(); err != nil {
			return nil, err
		}
	}
	return bans, nil
}

// lookUp asks for several elements in one call. Each key is a message of its
// own: in a common message the first missing key would end the answer. Where the
// answers are more than the socket holds, the halves are asked for.
func (s *socket) lookUp(table string, keys []Key) ([]Ban, error) {
	bans, err := s.tryLookUp(table, keys)
	if !errors.Is(err, unix.ENOBUFS) || len(keys) == 1 {
		return bans, err
	}
	half := len(keys) / 2
	first, err := s.lookUp(table, keys[:half])
	if err != nil {
		return nil, err
	}
	rest, err := s.lookUp(table, keys[half:])
	return append(first, rest...), err
}

func (s *socket) tryLookUp(table string, keys []Key) ([]Ban, error) {
	b := &batch{encoder: encoder{b: s.out[:0]}}
	for _, k := range keys {
		b.elements(unix.NFT_MSG_GETSETELEM, 0, table, k.Set(), []element{keyed(k.Prefix)})
	}
	var bans []Ban
	err := s.askEach(b, len(keys), func(a answer) error {
		found, err := a.bans(keys)
		bans = append(bans, found...)
		return err
	})
	return bans, err
}

// bans reads the answer to the question for one ban, whose position is the
// sequence number.
func (a answer) bans(keys []Key) ([]Ban, error) {
	if a.typ == unix.NLMSG_ERROR {
		if errno := a.errno(); errno != unix.ENOENT {
			return nil, &messageError{errno: errno, index: int(a.seq)}
		}
		return nil, nil
	}
	if int(a.seq) >= len(keys) || len(a.body) < sizeofNfgenmsg {
		return nil, errNoAnswer
	}
	var bans []Ban
	key := keys[a.seq]
	eachElement(a.body[sizeofNfgenmsg:], func(el element) {
		if !el.ended() {
			bans = append(bans, el.ban(key.Prefix, key.kind()))
		}
	})
	return bans, nil
}

// Lookup returns the bans that match an address now, the most specific first
// within each layer, and whether the address is allowed, in which case nothing
// of it is dropped. A ban of LayerFeed is the largest prefix around the address
// that the feed covers; it has no end and counts no packets.
func (r *Reader) Lookup(addr netip.Addr) (bans []Ban, allowed bool, err error) {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() {
		return nil, false, fmt.Errorf("look up address: %w: no address given", ErrPrefix)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := r.outline()
	if err != nil {
		return nil, false, err
	}
	var keys []Key
	for _, k := range slices.Backward(f.bans()) {
		if k.v6 == addr.Is6() {
			keys = append(keys, Key{Layer: k.layer, Prefix: netip.PrefixFrom(addr, k.bits).Masked()})
		}
	}
	bans, err = r.query(keys)
	if err != nil {
		return nil, false, err
	}
	fed, err := r.feedBan(f, addr)
	if err != nil {
		return nil, false, err
	}
	bans = append(bans, fed...)
	allowed, err = r.allows(f, addr)
	return bans, allowed, err
}

// feedBan looks an address up in the feed of its family.
func (r *Reader) feedBan(f found, addr netip.Addr) ([]Ban, error) {
	set := f.feeds[familyIndex(addr)]
	if set == "" {
		return nil, nil
	}
	around, ok, err := r.sock.covering(r.table, set, addr)
	if err != nil || !ok {
		return nil, err
	}
	return []Ban{{Layer: LayerFeed, Prefix: around.prefixAround(addr), Set: set}}, nil
}

// allows looks an address up in the allow set of its family.
func (r *Reader) allows(f found, addr netip.Addr) (bool, error) {
	name := setAllow4
	if addr.Is6() {
		name = setAllow6
	}
	if _, ok := f.sets[name]; !ok {
		return false, fmt.Errorf("look up %s in set %s: %w", addr, name, errors.Join(ErrTableGone, unix.ENOENT))
	}
	_, allowed, err := r.sock.start(r.table, name, addr)
	return allowed, err
}
