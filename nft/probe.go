package nft

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Features is what the running kernel can do beyond the minimum.
type Features struct {
	// Destroy: removing an element that may be missing is one step (Linux
	// 6.3). Without it the same takes an addition and a removal.
	Destroy bool
	// Protect: a table can belong to a process and outlive it (Linux 6.9).
	Protect bool
	// NFLog: dropped packets can be copied to an NFLOG group (the module
	// nfnetlink_log). Without it Config.NFLogGroup has no effect; it is only
	// tried where a group is configured, because trying loads the module.
	NFLog bool
}

// msgDestroyElement is NFT_MSG_DESTROYSETELEM, which x/sys lacks.
const msgDestroyElement = 0x1e

// probe finds out what the kernel can and whether the table may be written.
// Everything is a rehearsal that the kernel rolls back.
func (s *socket) probe(cfg Config) (Features, error) {
	var f Features
	if err := s.probeTable(cfg.Table); err != nil {
		return f, err
	}
	// A name that is taken would make the answers depend on what stands there.
	scratch := fmt.Sprintf("probe-%d", s.port())
	var err error
	if f.Protect, err = s.probeProtect(scratch); err != nil {
		return f, err
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

// probeProtect tries both flags together: a table that is owned but does not
// outlive its owner would lift all bans when the service stops.
func (s *socket) probeProtect(scratch string) (bool, error) {
	b := newBatch(s.out)
	b.table(scratch, tableOwner|tablePersist)
	return supported(s.rehearse(b))
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
