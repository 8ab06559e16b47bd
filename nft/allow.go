package nft

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// SetAllow replaces the addresses that are never dropped, whatever is banned.
// Prefixes may overlap and may have any length. The replacement is one
// transaction.
func (t *Table) SetAllow(prefixes []netip.Prefix) error {
	if err := checkAllow(prefixes); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	allow := append([]netip.Prefix{}, prefixes...)
	b := newBatch(t.sock.out)
	b.allow(t.cfg.Table, allow)
	if err := t.sock.commit(b); err != nil {
		return fmt.Errorf("allow %d prefixes: %w", len(prefixes), classify(err))
	}
	t.allow = allow
	return nil
}

func checkAllow(prefixes []netip.Prefix) error {
	for _, p := range prefixes {
		if !p.IsValid() {
			return fmt.Errorf("allow prefixes: %w: no prefix given", ErrPrefix)
		}
	}
	return nil
}

// allow appends the replacement of both allow sets.
func (b *batch) allow(table string, prefixes []netip.Prefix) {
	ranges := byFamily(prefixes)
	for i, set := range [...]string{setAllow4, setAllow6} {
		b.flushSet(table, set)
		b.elements(unix.NFT_MSG_NEWSETELEM, create, table, set, intervals(ranges[i]))
	}
}
