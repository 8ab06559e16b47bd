package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/term"
)

const (
	// refreshEvery is how often the table on a terminal is made anew, and
	// refreshShare how many times as long as making it took, at least: watching
	// must not keep the service busy where there are very many bans.
	refreshEvery = 2 * time.Second
	refreshShare = 10
	// usualTop and maxTop are how many rows there are.
	usualTop = 20
	maxTop   = 10_000
)

func (a *app) topCommand() *cobra.Command {
	var asJSON, once bool
	var rows int
	cmd := &cobra.Command{
		Use:   "top",
		Short: "Watch who is dropped: how fast, on which ports, by which ban",
		Long: `Show who is dropped, those first that send most packets. On a terminal the
table is refreshed every two seconds; q or Ctrl-C ends it.

With nft.nflog_group set, rates, ports and times come from copies of the dropped
packets; without it, packets come from the counters of the bans.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if rows < 1 || rows > maxTop {
				return usagef("-n %d: choose 1 to %d rows", rows, maxTop)
			}
			cfg, err := a.loadConfig(cmd)
			if err != nil {
				return err
			}
			w := &topWatch{cfg: cfg, rows: rows}
			if once || asJSON || !term.Is(a.stdout) {
				return a.topOnce(cmd.Context(), w, asJSON)
			}
			return a.topScreen(cmd.Context(), w)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, once")
	cmd.Flags().BoolVar(&once, "once", false, "print once, also on a terminal")
	cmd.Flags().IntVarP(&rows, "rows", "n", usualTop, "show so many `ROWS`")
	return cmd
}

func (a *app) topOnce(ctx context.Context, w *topWatch, asJSON bool) error {
	t, err := w.look(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return a.printJSON(t)
	}
	return printTop(a.stdout, t, w.cfg.NFT)
}

// topScreen shows the table until somebody says to end. The first look comes
// before the screen is taken: an error is then printed like any other.
func (a *app) topScreen(ctx context.Context, w *topWatch) (err error) {
	t, err := w.look(ctx)
	if err != nil {
		return err
	}
	screen, err := term.Open(a.stdin, a.stdout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, screen.Close()) }()
	for {
		began := time.Now()
		var b bytes.Buffer
		if err := printTop(&b, t, w.cfg.NFT); err != nil {
			return err
		}
		if err := screen.Show(b.Bytes()); err != nil {
			return err
		}
		end, err := screen.Wait(ctx, max(refreshEvery, refreshShare*w.took)-time.Since(began))
		if end || err != nil {
			return err
		}
		if t, err = w.look(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
}

// topWatch looks again and again.
type topWatch struct {
	cfg  config.Config
	rows int
	took time.Duration // by the last look
	// last holds the bans of the last look, from whose counters rates are made.
	last   map[string]uint64
	lastAt time.Time
}

// look asks the service.
func (w *topWatch) look(ctx context.Context) (*top, error) {
	began := time.Now()
	defer func() { w.took = time.Since(began) }()
	resp, err := control.Call(ctx, w.cfg.RuntimeDir, &control.Request{Op: control.OpTop, Rows: w.rows})
	if errors.Is(err, control.ErrNoService) {
		return nil, notRunning(err)
	}
	if err != nil {
		return nil, err
	}
	var t top
	if err := json.Unmarshal(resp.Top, &t); err != nil {
		return nil, fmt.Errorf("read the service's answer: %w", err)
	}
	if t.From == fromCounters {
		return &t, w.count(ctx, &t)
	}
	return &t, nil
}
