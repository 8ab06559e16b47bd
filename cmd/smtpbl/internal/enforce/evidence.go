package enforce

import "github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"

// maxEvidence bounds the evidence that waits to be written. It is worth less
// than the bans: where the disk is behind, the oldest goes.
const maxEvidence = 1 << 12

// putEvidence hands evidence over. It is written after the bans and the
// checkpoint that wait, and nobody waits for it.
func (s *saver) putEvidence(list []store.Evidence) {
	if s.history == nil || len(list) == 0 {
		return
	}
	s.mu.Lock()
	s.lines = append(s.lines, list...)
	if extra := len(s.lines) - maxEvidence; extra > 0 {
		s.lines = append([]store.Evidence(nil), s.lines[extra:]...)
	}
	s.mu.Unlock()
	s.nudge()
}

// writeEvidence writes what was handed over. While bans cannot be written it is
// kept; where only itself cannot be written it is given up.
func (s *saver) writeEvidence() {
	s.mu.Lock()
	list := s.lines
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
