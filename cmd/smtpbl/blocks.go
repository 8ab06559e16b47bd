package main

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/blocklist"
)

// openBlocks reads the block lists and has the kernel drop what they name. The
// service guards without them as well, so a fault is a warning.
func (s *service) openBlocks() {
	s.blocks = &blocklist.List{Globs: s.cfg.NFT.BlockFiles, Log: s.log}
	s.block(s.blocks.Load())
}

// block replaces what the lists have the kernel drop. It is done where no list
// is configured too, because a table that stands may hold those of an earlier
// configuration.
func (s *service) block(prefixes []netip.Prefix) {
	if s.table == nil {
		return
	}
	if err := s.table.SetFeed(prefixes); err != nil {
		s.warn("blocks", "the kernel does not drop what the block lists name", err)
		return
	}
	s.settled("blocks")
}

// watchBlocks follows changes of the lists.
func (s *service) watchBlocks(ctx context.Context) error {
	if len(s.cfg.NFT.BlockFiles) == 0 {
		return nil
	}
	return s.blocks.Watch(ctx, s.block)
}

// blockWarnings says which lists are not in force as they stand.
func (s *service) blockWarnings() []string {
	var out []string
	for _, f := range s.blocks.Files() {
		if f.Fault != "" {
			out = append(out, fmt.Sprintf("block list: %s; %d prefixes that it had before are dropped", f.Fault, f.Prefixes))
		}
	}
	return out
}

// blockCounts returns how many prefixes are dropped because of lists, and how
// many lists cannot be read.
func (s *service) blockCounts() (prefixes, unreadable int) {
	for _, f := range s.blocks.Files() {
		prefixes += f.Prefixes
		if f.Fault != "" {
			unreadable++
		}
	}
	return prefixes, unreadable
}
