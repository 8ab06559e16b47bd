package nft

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Counter is what a named counter of the table holds. It counts from when the
// table was built.
type Counter struct {
	Packets uint64
	Bytes   uint64
}

// Dropped is what was dropped because of one kind of set.
type Dropped struct {
	Family string // ipv4 or ipv6
	// Set is the name of the set, "manual" for all that was banned by hand,
	// "all" for what was banned at all ports, "feed" for the lists, or "other"
	// for lengths of prefix that have no set in every table.
	Set string
	Counter
}

// Counters is all named counters of the table. Logged and LogLimited add up to
// all that was dropped.
type Counters struct {
	Seen Counter // packets that were looked up
	// Marked packets had the mark of ufw's harness, Unmarked ones were for the
	// guarded ports and had not: a working harness leaves none of those. Both
	// are zero with other hooks than HookUFW.
	Marked, Unmarked Counter
	Copied           Counter   // dropped, and passed by the limit on copies for the NFLOG group
	Logged           Counter   // dropped, with a line in the log
	LogLimited       Counter   // dropped, without one because of the limit
	Dropped          []Dropped // always the same entries in the same order
}

// Counters reads the counters. The cost does not depend on the number of bans.
func (r *Reader) Counters() (Counters, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	values, err := r.sock.counters(r.table)
	if err != nil {
		return Counters{}, fmt.Errorf("read counters of table %s: %w", r.table, classify(err))
	}
	c := Counters{
		Seen:       values[counterSeen],
		Marked:     values[counterMarked],
		Unmarked:   values[counterUnmarked],
		Copied:     values[counterCopied],
		Logged:     values[counterLogged],
		LogLimited: values[counterLimited],
	}
	for _, k := range droppedKinds() {
		c.Dropped = append(c.Dropped, k.dropped(values[k.counter()]))
	}
	return c, nil
}

func (k kind) dropped(value Counter) Dropped {
	d := Dropped{Family: "ipv4", Set: k.label(), Counter: value}
	if k.v6 {
		d.Family = "ipv6"
	}
	return d
}

// counters dumps the named counters of a table. The dump of a missing table is
// empty, not an error.
func (s *socket) counters(table string) (map[string]Counter, error) {
	values := map[string]Counter{}
	err := s.dump(unix.NFT_MSG_GETOBJ, func(e *encoder) {
		e.str(unix.NFTA_OBJ_TABLE, table)
		e.u32(unix.NFTA_OBJ_TYPE, objectCounter)
	}, func(b []byte) {
		data := attr(b, unix.NFTA_OBJ_DATA)
		values[readString(attr(b, unix.NFTA_OBJ_NAME))] = Counter{
			Packets: readU64(attr(data, unix.NFTA_COUNTER_PACKETS)),
			Bytes:   readU64(attr(data, unix.NFTA_COUNTER_BYTES)),
		}
	})
	// Numbers that were read while something else changed are right too: each
	// is read on its own in any case.
	if err != nil && !errors.Is(err, errInterrupted) {
		return nil, err
	}
	if len(values) == 0 {
		return nil, unix.ENOENT
	}
	return values, nil
}
