package nft

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// Reader reads the table without changing or owning it. Its methods may be
// called by several goroutines.
type Reader struct {
	table string
	opts  options

	mu   sync.Mutex // guards sock
	sock *socket
}

// OpenReadOnly connects to the kernel to read the table that cfg names. That
// the table is missing shows when it is read, as ErrTableGone.
func OpenReadOnly(cfg Config, opts ...Option) (*Reader, error) {
	return openReader(cfg.Table, gather(opts))
}

func openReader(table string, o options) (*Reader, error) {
	sock, err := o.open()
	if err != nil {
		return nil, err
	}
	return &Reader{table: table, opts: o, sock: sock}, nil
}

// Close gives up the socket.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sock.close()
}

// Generation returns the number that the kernel raises with each transaction of
// anybody in this network namespace. An unchanged number means unchanged tables;
// the end of a ban does not change it.
func (r *Reader) Generation() (uint32, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sock.generation()
}

func (s *socket) generation() (uint32, error) {
	var gen uint32
	err := s.get(unix.NFT_MSG_GETGEN, func(*encoder) {}, func(b []byte) {
		gen = readU32(attr(b, unix.NFTA_GEN_ID))
	})
	if err != nil {
		return 0, fmt.Errorf("read generation: %w", classify(err))
	}
	return gen, nil
}

// Count returns the number of elements of each ban set, which includes bans that
// ended less than half a minute ago, and under the names feed4 and feed6 the
// number of ranges that the feed became where its prefixes were put together.
// The map is nil where the kernel does not tell, which before Linux 6.16 it
// never does.
func (r *Reader) Count() (map[string]int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := r.outline()
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, k := range f.bans() {
		set := f.sets[k.set()]
		if !set.counts {
			return nil, nil
		}
		counts[k.set()] = int(set.count)
	}
	for family, name := range f.feeds {
		if name != "" {
			counts[stems[LayerFeed]+feedKind(family).family()] = int(f.sets[name].count)
		}
	}
	return counts, nil
}

// outline finds a table that must be there.
func (r *Reader) outline() (found, error) {
	f, err := r.sock.find(r.table)
	if err == nil && !f.exists {
		err = fmt.Errorf("read table %s: %w", r.table, errors.Join(ErrTableGone, unix.ENOENT))
	}
	return f, err
}
