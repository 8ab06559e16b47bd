package enforce

import (
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
)

const (
	// maxEvidence and maxEvidenceBytes bound the evidence that waits to be
	// written. It is worth less than the bans: where the disk is behind, the
	// oldest goes. Usually the number comes first; who sends long names must not
	// make us keep store.MaxEvidence of each of so many bans.
	maxEvidence      = 1 << 12
	maxEvidenceBytes = 8 << 20
	// evidenceAfter is how long it waits: no burst of bans lasts longer, and none
	// should share the processor with it.
	evidenceAfter = time.Second
)

// putEvidence hands evidence over. It is written when the bans are, and nobody
// waits for it.
func (s *saver) putEvidence(list []store.Evidence) {
	if s.history == nil || len(list) == 0 {
		return
	}
	s.mu.Lock()
	s.lines = append(s.lines, list...)
	s.size += sizeOf(list)
	if len(s.lines) > 2*maxEvidence || s.size > 2*maxEvidenceBytes { // seldom, since what stays is copied
		s.lines = slices.Clone(latest(s.lines))
		s.size = sizeOf(s.lines)
	}
	s.mu.Unlock()
	s.nudge()
}

// latest is what there is room for.
func latest(list []store.Evidence) []store.Evidence {
	size, from := 0, len(list)
	for from > max(0, len(list)-maxEvidence) {
		if size += len(list[from-1].Lines); size > maxEvidenceBytes {
			break
		}
		from--
	}
	return list[from:]
}

// sizeOf is how many bytes the lines have.
func sizeOf(list []store.Evidence) int {
	size := 0
	for i := range list {
		size += len(list[i].Lines)
	}
	return size
}

// evidence is how much waits to be written.
func (s *saver) evidence() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.lines)
}

// writeEvidence writes what was handed over. While bans cannot be written it is
// kept; where only itself cannot be written it is given up.
func (s *saver) writeEvidence() {
	s.mu.Lock()
	list := latest(s.lines)
	if s.broken || len(list) == 0 {
		s.mu.Unlock()
		return
	}
	s.lines, s.size = nil, 0
	s.mu.Unlock()
	err := s.history.PutEvidence(list)
	if err != nil && !s.mute {
		s.log.Warn("the lines that led to bans are not written: why will tell less of these bans", "bans", len(list), "err", err)
	}
	s.mute = err != nil
}
