package main

import (
	"context"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/knock"
	"github.com/smtpbl/smtpbl/metrics"
	"github.com/smtpbl/smtpbl/nft"
)

// maxKnockers bounds how many dropped sources are remembered: 5 megabytes.
const maxKnockers = 10_000

// openDrops becomes the reader of copies of dropped packets. That they cannot be
// read costs a warning: mail is guarded whether or not anybody watches.
func (s *service) openDrops() {
	group := s.cfg.NFT.NFLogGroup
	if s.dryRun || group == 0 {
		return
	}
	var err error
	if s.drops, err = nft.OpenDrops(group); err != nil {
		s.warnDrops(err)
		return
	}
	s.knocks = knock.New(maxKnockers, s.started)
}

func (s *service) warnDrops(err error) {
	s.warn("drops", "dropped packets are not watched, smtpbl top shows less (nft.nflog_group = 0 ends this warning)", err)
}

// readDrops counts copies of dropped packets until ctx ends.
func (s *service) readDrops(ctx context.Context) error {
	// Close ends a Read that waits; the service's own Close comes later.
	defer context.AfterFunc(ctx, func() { _ = s.drops.Close() })()
	defer s.dropsEnded.Store(true)
	for {
		err := s.drops.Read(func(d *nft.Drop) { s.knocks.Add(d, time.Now()) })
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			s.warnDrops(err)
			return nil
		}
	}
}

// copies is what /metrics and top tell of the copies, nil where none are read or
// none can be read any more.
func (s *service) copies() *metrics.Copies {
	if s.drops == nil || s.dropsEnded.Load() {
		return nil
	}
	c := s.drops.Stats()
	return &metrics.Copies{Read: c.Read, Unreadable: c.Unreadable, Lost: c.Lost}
}
