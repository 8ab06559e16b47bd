package nft

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Features is what the running kernel can do beyond the minimum.
type Features struct {
	// Destroy: removing an element that may be missing is one step (Linux
	// 6.3). Without it the same takes an addition and a removal.
	Destroy bool
	// Owner: a table can belong to a process (Linux 5.12). That alone is not
	// used, because such a table ends with the process.
	Owner bool
	// Protect: a table can belong to a process and outlive it (Linux 6.9).
	// Without it other programs can change the table, which is noticed and
	// put right.
	Protect bool
	// TimeoutUpdate: adding an element that stands changes its timeout (Linux
	// 6.12). Apply does without: it removes the element and adds it again.
	TimeoutUpdate bool
	// SetCount: the kernel tells how many elements a set has (Linux 6.16).
	// Without it Count has no answer.
	SetCount bool
	// NFLog: dropped packets can be copied to an NFLOG group (the module
	// nfnetlink_log). Without it Config.NFLogGroup has no effect; it is only
	// tried where a group is configured, because trying loads the module.
	NFLog bool
}

// msgDestroyElement is NFT_MSG_DESTROYSETELEM, which x/sys lacks.
const msgDestroyElement = 0x1e

// probe finds out what the kernel can and whether the table may be written.
// What can be is a rehearsal that the kernel rolls back.
func (s *socket) probe(cfg Config) (Features, error) {
	var f Features
	if err := s.probeTable(cfg.Table); err != nil {
		return f, err
	}
	// A name that is taken would make the answers depend on what stands there.
	scratch := fmt.Sprintf("probe-%d", s.port())
	var err error
	if f.Owner, err = s.probeFlags(scratch, tableOwner); err != nil {
		return f, err
	}
	// Both flags together: a table that is owned but does not outlive its
	// owner would lift all bans when the service stops.
	if f.Protect, err = s.probeFlags(scratch, tableOwner|tablePersist); err != nil {
		return f, err
	}
	if f.Owner {
		if err := s.probeStanding(scratch, &f); err != nil {
			return f, err
		}
	}
	if f.Destroy, err = s.probeDestroy(scratch); err != nil || cfg.NFLogGroup == 0 {
		return f, err
	}
	f.NFLog, err = s.probeCopy(scratch, cfg.NFLogGroup)
	return f, err
}

// probeTable makes sure that nf_tables is there, that we are allowed to use it
// and that nobody else owns the table.
func (s *socket) probeTable(table string) error {
	b := newBatch(s.out)
	b.message(unix.NFT_MSG_NEWTABLE, create)
	b.str(unix.NFTA_TABLE_NAME, table)
	b.seal()
	err := s.rehearse(b)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return fmt.Errorf("%w: %w", ErrNoNFTables, err)
	}
	if err != nil {
		return fmt.Errorf("try table %s: %w", table, classify(err))
	}
	return nil
}

// probeFlags tries flags of a table.
func (s *socket) probeFlags(scratch string, flags uint32) (bool, error) {
	b := newBatch(s.out)
	b.table(scratch, flags)
	return supported(s.rehearse(b))
}

// probeStanding finds out what shows in a table that stands: it makes one, with
// one element and no chains, and deletes it. Should this process end in between,
// the table ends with it, because it is owned; a kernel that cannot do that is
// older than both features and is not asked.
func (s *socket) probeStanding(scratch string, f *Features) error {
	k := kind{bits: 32}
	el := element{key: setKey{n: uint8(k.keyBytes())}, timeout: time.Hour}
	b := newBatch(s.out)
	b.table(scratch, tableOwner)
	b.set(scratch, banSpec(k, 1, false))
	b.elements(unix.NFT_MSG_NEWSETELEM, create, scratch, k.set(), []element{el})
	if err := s.commit(b); err != nil {
		return fmt.Errorf("probe kernel: %w", classify(err))
	}
	el.timeout *= 2
	b = newBatch(s.out)
	b.elements(unix.NFT_MSG_NEWSETELEM, create, scratch, k.set(), []element{el})
	err := s.commit(b)
	var sets map[string]foundSet
	if err == nil {
		sets, err = s.findSets(scratch)
	}
	var els []element
	if err == nil {
		els, err = s.elements(scratch, sets[k.set()])
	}
	f.SetCount = sets[k.set()].counts
	f.TimeoutUpdate = len(els) == 1 && els[0].timeout == el.timeout
	b = newBatch(s.out)
	b.deleteTable(scratch)
	if err = errors.Join(err, s.commit(b)); err != nil {
		return fmt.Errorf("probe kernel: %w", classify(err))
	}
	return nil
}

// probeDestroy destroys an element that is not there.
func (s *socket) probeDestroy(scratch string) (bool, error) {
	spec := plainSpecs()[0]
	b := newBatch(s.out)
	b.table(scratch, 0)
	b.set(scratch, spec)
	b.elements(msgDestroyElement, 0, scratch, spec.name, portElements([]uint16{25}))
	return supported(s.rehearse(b))
}

// probeCopy tries the rule that copies packets.
func (s *socket) probeCopy(scratch string, group uint16) (bool, error) {
	b := newBatch(s.out)
	b.table(scratch, 0)
	b.counter(scratch, counterCopied)
	b.chain(scratch, chainSpec{name: chainLog})
	if err := b.rule(scratch, chainLog, copyRule(group)); err != nil {
		return false, err
	}
	err := s.rehearse(b)
	if errors.Is(err, unix.ENOENT) { // nf_logger_find_get
		return false, nil
	}
	return supported(err)
}

// supported reads the answer to the trial of a feature: kernels that do not
// know a flag or a kind of message answer EINVAL or EOPNOTSUPP.
func supported(err error) (bool, error) {
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EOPNOTSUPP):
		return false, nil
	}
	return false, fmt.Errorf("probe kernel: %w", classify(err))
}
