package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/exempt"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/metrics"
)

// changeDirectly makes a change by hand where no service runs: table and
// history are opened, changed and closed again, with the service's own code.
func changeDirectly(ctx context.Context, cfg config.Config, req *control.Request, log *slog.Logger) (*control.Response, error) {
	s := &service{cfg: cfg, log: slog.New(slog.DiscardHandler), started: time.Now(), metrics: metrics.New(version())}
	release, err := s.claim()
	if err != nil {
		return nil, err
	}
	defer release()
	defer func() {
		if err := s.close(); err != nil {
			log.Warn("cannot close the table or the history", "err", err)
		}
	}()
	if err := errors.Join(s.openStore(), s.openTable()); err != nil {
		return nil, err
	}
	alone := func(why string) { log.Warn("the change holds in the kernel alone", "why", why) }
	for _, text := range s.currentWarnings() {
		alone(text)
	}
	s.openExempt(log)
	exemptions, err := s.exempt.Current(ctx)
	if err != nil {
		return nil, err
	}
	engine := newEngine(&cfg.Policy, s.started)
	engine.SetExempt(exemptions)
	if err := checkChange(req, engine.ExemptPrefix); err != nil {
		return nil, err
	}
	s.enforcer = enforce.New(s.enforceOptions())
	err = s.enforcer.Restore(exempt.Prefixes(exemptions), func(*store.Record) {})
	if err != nil {
		return nil, err
	}
	var resp *control.Response
	hand := handOf(req, func(o enforce.Outcome, failed error) {
		resp, err = s.answerOf(req, &o), failed
	})
	s.enforcer.Once(hand)
	if why := s.enforcer.Health().History; why != "" {
		alone(why)
	}
	return resp, fullHint(err)
}
