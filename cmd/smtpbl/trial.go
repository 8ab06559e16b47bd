package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/owned"
	"github.com/smtpbl/smtpbl/policy"
)

const (
	minTrial = 10 * time.Second
	maxTrial = 24 * time.Hour

	// trialEnv tells the program's next life (see reload.go) when the trial
	// ends, in Unix milliseconds, or that it was confirmed: the command line
	// still asks for one.
	trialEnv       = "SMTPBL_TRIAL"
	trialConfirmed = "confirmed"
	// trialFile holds, inside runtime_dir, what a trial hands over to the next
	// life. It is there for a moment only.
	trialFile = "trial.json"
	// maxTrialFile bounds what is read of it; a million bans are some 200 MB.
	maxTrialFile = 1 << 30
)

// checkTrial refuses a trial that cannot be meant.
func checkTrial(cmd *cobra.Command, d time.Duration, dryRun bool) error {
	switch {
	case !cmd.Flags().Changed("trial"):
		return nil
	case dryRun:
		return withHint(usagef("--trial and --dry-run exclude each other"), "a dry run bans nobody, so there is nothing to undo")
	case d < minTrial || d > maxTrial:
		return usagef("--trial %s: choose %s to %s", d, minTrial, maxTrial)
	}
	return nil
}

// openTrial begins a trial that lasts for d, zero for none, or goes on with the
// one of the program's life before a reload.
func (s *service) openTrial(d time.Duration) {
	path := filepath.Join(s.cfg.RuntimeDir, trialFile)
	defer os.Remove(path) //nolint:errcheck // there is none but after a reload
	if d == 0 {
		return
	}
	handed := os.Getenv(trialEnv)
	if reloads() == 0 || handed == "" {
		s.trial = &enforce.Trial{End: s.started.Add(d)}
		s.log.Warn("this is a trial: its bans are lifted unless it is confirmed", "until", s.trial.End.Format(time.RFC3339), "confirm_with", "smtpbl confirm")
		return
	}
	end, err := strconv.ParseInt(handed, 10, 64)
	if err != nil {
		return // it was confirmed
	}
	s.trial = &enforce.Trial{End: time.UnixMilli(end)}
	if err := s.takeTrial(path); err != nil {
		s.warn("trial", "what the trial did before the reload is forgotten: its bans end with it", err)
	}
	s.log.Warn("the trial goes on", "until", s.trial.End.Format(time.RFC3339), "bans", len(s.trial.Bans), "confirm_with", "smtpbl confirm")
}

// takeTrial reads what the life before handed over. How far it read the logs
// counts instead of what the history knows of that.
func (s *service) takeTrial(path string) error {
	data, err := owned.ReadFile(path, maxTrialFile)
	if err != nil {
		return err
	}
	var t enforce.Trial
	if err := json.Unmarshal(data, &t); err != nil {
		return err
	}
	s.trial.Bans, s.trial.Mark, s.trial.Evidence = t.Bans, t.Mark, t.Evidence
	if t.Mark != nil {
		s.state.Positions, s.state.Window = t.Mark.Positions, &t.Mark.Window
	}
	return nil
}

// handOver leaves to the next life what the trial holds back, or that it was
// confirmed.
func (s *service) handOver() error {
	if s.trial == nil {
		return nil
	}
	t := s.enforcer.Trial()
	if t == nil {
		return os.Setenv(trialEnv, trialConfirmed)
	}
	data, err := json.Marshal(t)
	if err == nil {
		err = owned.WriteFile(filepath.Join(s.cfg.RuntimeDir, trialFile), data, 0o600)
	}
	if err != nil {
		s.log.Warn("cannot hand the trial over: its bans end with it", "err", err)
	}
	return os.Setenv(trialEnv, strconv.FormatInt(t.End.UnixMilli(), 10))
}

// watchTrial waits for the end of the trial, and ends the service where nobody
// has confirmed it.
func (s *service) watchTrial(ctx context.Context) error {
	timer := time.NewTimer(time.Until(s.trial.End))
	defer timer.Stop()
	select {
	case <-timer.C:
		return s.giveUp(ctx)
	case <-ctx.Done():
		return nil // see leaveTrial
	}
}

// leaveTrial gives up a trial that is under way when the service stops, for
// whatever reason but a reload.
func (s *service) leaveTrial(err error) error {
	if s.trial == nil || errors.Is(err, errReload) {
		return err
	}
	if _, told := errors.AsType[unconfirmedError](err); told {
		return err
	}
	if over := s.giveUp(context.Background()); over != nil {
		err = errors.Join(fmt.Errorf("trial: %w", over), err)
	}
	return err
}

// unconfirmedError says that nobody confirmed the trial.
type unconfirmedError struct{ bans int }

func (e unconfirmedError) Error() string {
	return fmt.Sprintf("nobody confirmed it: its bans (%d) are lifted, and all is as it was before", e.bans)
}

func (unconfirmedError) Hint() string {
	return "to keep the bans, give smtpbl confirm while a trial runs, or start without --trial"
}

// giveUp lifts the bans of a trial that nobody confirmed. It returns nil where
// somebody did.
func (s *service) giveUp(ctx context.Context) error {
	got := make(chan error, 1)
	err := s.enforcer.Send(ctx, enforce.Work{Do: func(e *enforce.Enforcer) {
		bans, was := e.GiveUp()
		if !was {
			got <- nil
			return
		}
		got <- unconfirmedError{bans}
	}})
	if err != nil {
		return nil //nolint:nilerr // the service stops, and leaveTrial comes
	}
	return <-got
}

// confirm answers "smtpbl confirm". It goes through the Judge, so that what was
// decided before it belongs to the trial.
func (s *service) confirm(ctx context.Context) (*control.Response, error) {
	type result struct {
		bans int
		err  error
	}
	done := make(chan result, 1)
	err := s.judge.Ask(ctx, func(*policy.Engine) {
		err := s.enforcer.Send(ctx, enforce.Work{Do: func(e *enforce.Enforcer) {
			bans, err := e.Confirm()
			done <- result{bans, err}
		}})
		if err != nil {
			done <- result{err: err}
		}
	})
	if err != nil {
		return nil, err
	}
	select {
	case r := <-done:
		if errors.Is(r.err, enforce.ErrNoTrial) {
			return nil, withHint(r.err, "bans are in earnest; smtpbl run --trial begins a trial")
		}
		if r.err != nil {
			s.log.Error("not all bans of the trial have their full time yet; the kernel is asked again", "err", r.err)
		}
		return &control.Response{Confirmed: r.bans}, s.enforcer.AwaitSaved(ctx)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (a *app) confirmCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "confirm",
		Short: "End a trial (run --trial) well: its bans stay",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.loadConfig(cmd)
			if err != nil {
				return err
			}
			resp, err := control.Call(cmd.Context(), cfg.RuntimeDir, &control.Request{Op: control.OpConfirm})
			if errors.Is(err, control.ErrNoService) {
				return withHint(err, "a trial that has ended left no bans; begin one with: smtpbl run --trial 10m")
			}
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(map[string]any{"confirmed": true, "bans": resp.Confirmed})
			}
			_, err = fmt.Fprintf(a.stdout, "the trial is confirmed: %d bans have their full time\n", resp.Confirmed)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// trialStatus is the trial as status shows it.
type trialStatus struct {
	Until time.Time `json:"until"`
	Bans  int       `json:"bans"`
}

func (t *trialStatus) line() string {
	return fmt.Sprintf("%d bans, all lifted in %s unless you give: smtpbl confirm", t.Bans, brief(max(0, time.Until(t.Until))))
}
