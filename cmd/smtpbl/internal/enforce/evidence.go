package enforce

import (
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
)

const (
	// maxEvidence bounds the evidence that waits to be written. It is worth less
	// than the bans: where the disk is behind, the oldest goes.
	maxEvidence = 1 << 12
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
	if len(s.lines) > 2*maxEvidence { // seldom, since what stays is copied
		s.lines = append([]store.Evidence(nil), s.lines[len(s.lines)-maxEvidence:]...)
	}
	s.mu.Unlock()
	s.nudge()
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
	list := s.lines[max(0, len(s.lines)-maxEvidence):]
	if s.broken || len(list) == 0 {
		s.mu.Unlock()
		return
	}
	s.lines = nil
	s.mu.Unlock()
	err := s.history.PutEvidence(list)
	if err != nil && !s.mute {
		s.log.Warn("the lines that led to bans are not written: why will tell less of these bans", "bans", len(list), "err", err)
	}
	s.mute = err != nil
}
