package main

import (
	"errors"
	"io"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/pipeline"
)

// loadWindow brings back what the last run counted, and removes what else is left
// of it. The trial's window, where there is one, is what s.state has.
func (s *service) loadWindow() {
	if s.store == nil {
		return
	}
	window, err := s.store.OpenWindow(&s.state)
	if err == nil && window != nil {
		err = errors.Join(pipeline.Restore(s.engine, io.ReadSeeker(window)), window.Close())
	}
	if err != nil {
		s.warn("window", "counts of the last run are lost, bans are not", err)
	}
	s.store.Tidy(s.state.Window)
	s.state.Snapshot = nil // large, and used up
}

// keepWindows lets the Judge write what it counts, where there is a history that
// can name it.
func (s *service) keepWindows() {
	if s.store == nil {
		return
	}
	s.judge.Windows = s.store
	s.judge.Unsaved = func(err error) {
		if err == nil {
			s.settled("checkpoint")
			s.log.Info("counts and read positions are saved again")
			return
		}
		s.warn("checkpoint", "counts and read positions are not saved: a restart reads the log again from the last ones that were", err)
	}
}
