package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/coverage"
)

// noteCoverage tells on standard error where logins fail, or could, at ports
// that bans do not close. The service knows what came in; where none runs, or
// the asker may not ask it, what listens on this machine has to do.
func (a *app) noteCoverage(ctx context.Context, cfg *config.Config) {
	text := coverage.Note(cfg.NFT.Ports, a.listeners())
	if day, err := uncoveredFailures(ctx, cfg.RuntimeDir); err == nil {
		text = coverage.Warning(day, cfg.NFT.Ports, a.listeners())
	}
	if text != "" {
		fmt.Fprintln(a.stderr, "smtpbl: note:", text)
	}
}

// serviceTime bounds how long a check of a file waits for the service.
const serviceTime = 2 * time.Second

// uncoveredFailures asks the service for what its status tells.
func uncoveredFailures(ctx context.Context, runtimeDir string) (map[string]uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, serviceTime)
	defer cancel()
	resp, err := control.Call(ctx, runtimeDir, &control.Request{Op: control.OpStatus})
	if err != nil {
		return nil, err
	}
	var st status
	if err := json.Unmarshal(resp.Status, &st); err != nil {
		return nil, fmt.Errorf("read the service's answer: %w", err)
	}
	return st.Uncovered, nil
}

// listeners are the ports of env, or those of this machine.
func (a *app) listeners() map[uint16]bool {
	if a.listening != nil {
		return a.listening()
	}
	return coverage.Listeners()
}
