package main

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
)

// harnessLook spaces the looks at the harness. Nothing hangs on it but the
// warning: unmarked packets are looked up like marked ones.
const harnessLook = 5 * time.Second

const harnessTopic = "harness"

// errUnmarked is a harness that stands in the files and marks nothing.
var errUnmarked = errors.New("packets for the mail ports come without its mark: is ufw active? (smtpbl harness status)")

// watchHarness tells whether the harness in ufw is in place, at the start and
// whenever that changes. It reads two files and two counters and runs no
// program. Where ufw's files are for root alone, as on Debian, and the service is
// not root, the packets have to tell.
func (s *service) watchHarness(ctx context.Context) error {
	if s.dryRun || s.cfg.NFT.Hook != config.HookUFW {
		return nil
	}
	w := &harnessWatch{files: harness(s.cfg).Files, counts: s.markCounts}
	w.marked, w.unmarked, _ = w.counts()
	if fault := w.look(); fault == nil && w.blind {
		s.log.Info("the next packets show whether the harness in ufw is in place: its files are for root alone")
	} else {
		s.tellHarness(fault, true)
	}
	tick := time.NewTicker(harnessLook)
	defer tick.Stop()
	told := w.fault
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		if fault := w.look(); text(fault) != text(told) {
			s.tellHarness(fault, false)
			told = fault
		}
	}
}

// tellHarness says in the log and in status how the harness stands.
func (s *service) tellHarness(fault error, first bool) {
	switch {
	case fault != nil:
		s.warn(harnessTopic, "the harness in ufw is not in place, bans hold without it; put it there with: smtpbl harness install", fault)
	case first:
		s.log.Info("the harness in ufw is in place")
	default:
		s.settled(harnessTopic)
		s.log.Info("the harness in ufw is in place again")
	}
}

// markCounts reads how many guarded packets came with the mark and without.
func (s *service) markCounts() (marked, unmarked uint64, ok bool) {
	c, err := s.table.Counters()
	return c.Marked.Packets, c.Unmarked.Packets, err == nil
}

// harnessWatch judges the harness by its files and by what it does.
type harnessWatch struct {
	files            func() error
	counts           func() (marked, unmarked uint64, ok bool)
	marked, unmarked uint64 // at the last look
	fault            error  // at the last look
	blind            bool   // the files may not be read
}

// look returns what is wrong, or nil. A look during which no packet came for
// the mail ports says nothing new about the kernel.
func (w *harnessWatch) look() error {
	marked, unmarked, ok := w.counts()
	if !ok || marked < w.marked || unmarked < w.unmarked {
		w.marked, w.unmarked = marked, unmarked // the table was built anew
	}
	did, missed := marked > w.marked, unmarked > w.unmarked
	w.marked, w.unmarked = marked, unmarked
	before := w.fault
	w.fault = w.files()
	if w.blind = errors.Is(w.fault, fs.ErrPermission); w.blind {
		w.fault = nil
	}
	switch {
	case w.fault != nil:
	case before != nil && !errors.Is(before, errUnmarked):
		// Just put in place: what was not marked came before that.
	case missed && !did, !did && before != nil:
		w.fault = errUnmarked
	}
	return w.fault
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
