package nft

import (
	"golang.org/x/sys/unix"
)

type fakeTable struct {
	flags    uint32
	owner    uint32 // number of the owning socket; 0 without owner
	sets     map[string]*fakeSet
	chains   map[string]*fakeChain
	counters map[string]*Counter
}

// table finds a table that the sender may change; the attribute with its name
// has the same number in all messages about parts of a table.
func (tx *fakeTx) table(attributes []byte) (*fakeTable, unix.Errno) {
	table, ok := tx.kernel.tables[readString(attr(attributes, unix.NFTA_TABLE_NAME))]
	switch {
	case !ok:
		return nil, unix.ENOENT
	case table.owner != 0 && table.owner != tx.port:
		return nil, unix.EPERM
	}
	return table, 0
}

func (tx *fakeTx) newTable(attributes []byte) unix.Errno {
	flags := attr(attributes, unix.NFTA_TABLE_FLAGS)
	if readU32(flags)&^tx.kernel.lacks.tableFlags() != 0 {
		return tx.kernel.lacks.badFlag()
	}
	table, errno := tx.table(attributes)
	switch {
	case errno == unix.ENOENT:
		tx.addTable(readString(attr(attributes, unix.NFTA_TABLE_NAME)), readU32(flags))
		return 0
	case errno != 0 || flags == nil || readU32(flags) == table.flags:
		return errno
	}
	return tx.setFlags(table, readU32(flags))
}

// tableFlags are those that the kernel knows.
func (l fakeLacks) tableFlags() uint32 {
	known := uint32(tableDormant)
	if !l.owner {
		known |= tableOwner
	}
	if !l.protect {
		known |= tablePersist
	}
	return known
}

// badFlag is the answer to a flag of a table that is not known: before 5.12
// another one.
func (l fakeLacks) badFlag() unix.Errno {
	if l.owner {
		return unix.EINVAL
	}
	return unix.EOPNOTSUPP
}

func (tx *fakeTx) addTable(name string, flags uint32) {
	table := &fakeTable{
		flags: flags, sets: map[string]*fakeSet{}, chains: map[string]*fakeChain{}, counters: map[string]*Counter{},
	}
	if flags&tableOwner != 0 {
		table.owner = tx.port
	}
	tx.kernel.tables[name] = table
	tx.did(func() { delete(tx.kernel.tables, name) })
}

// setFlags changes what may be changed of a table that stands: an owner only
// takes one that outlived another, and persistence stays as it is
// (nf_tables_updtable).
func (tx *fakeTx) setFlags(table *fakeTable, flags uint32) unix.Errno {
	old := *table
	orphan := old.flags&(tableOwner|tablePersist) == tablePersist
	switch {
	case old.flags&tableOwner != 0 && flags&tableOwner == 0,
		old.flags&tableOwner == 0 && flags&tableOwner != 0 && !orphan,
		(old.flags^flags)&tablePersist != 0:
		return unix.EOPNOTSUPP
	}
	table.flags = flags
	if flags&tableOwner != 0 {
		table.owner = tx.port
	}
	tx.did(func() { table.flags, table.owner = old.flags, old.owner })
	return 0
}

// deleteTable deletes one table or, without a name, all that no other process
// owns (nft_flush).
func (tx *fakeTx) deleteTable(attributes []byte) unix.Errno {
	tables := tx.kernel.tables
	name := attr(attributes, unix.NFTA_TABLE_NAME)
	if name != nil {
		if _, errno := tx.table(attributes); errno != 0 {
			return errno
		}
	}
	for found, table := range tables {
		spared := table.owner != 0 && table.owner != tx.port
		if spared || name != nil && found != readString(name) {
			continue
		}
		delete(tables, found)
		tx.did(func() { tables[found] = table })
	}
	return 0
}

// newCounter makes a named counter; one that exists keeps its numbers.
func (tx *fakeTx) newCounter(attributes []byte) unix.Errno {
	table, errno := tx.table(attributes)
	if errno != 0 {
		return errno
	}
	name := readString(attr(attributes, unix.NFTA_OBJ_NAME))
	if readU32(attr(attributes, unix.NFTA_OBJ_TYPE)) != objectCounter {
		return unix.EOPNOTSUPP
	}
	if _, exists := table.counters[name]; !exists {
		table.counters[name] = &Counter{}
		tx.did(func() { delete(table.counters, name) })
	}
	return 0
}
