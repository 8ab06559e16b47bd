package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

func (a *app) whyCommand() *cobra.Command {
	var users, asJSON bool
	cmd := &cobra.Command{
		Use:   "why ADDR|PREFIX",
		Short: "Tell why an address is banned, or how far it is from that",
		Long: `Tell where an address stands: the verdict in a sentence, the rule, what counts,
who was tried, what its bans drop, its neighbours, and the lines of the log.
Login names are masked, also in the lines, unless --users is given.

The exit status is 0 if anything is known of it and 1 if not.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("why takes one address or prefix, not %q", args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := parsePrefix(args[0])
			if err != nil {
				return usageError{err}
			}
			cfg, err := a.loadConfig(cmd)
			if err != nil {
				return err
			}
			return a.why(cmd.Context(), cfg, p, users, asJSON)
		},
	}
	cmd.Flags().BoolVar(&users, "users", false, "tell login names whole")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) why(ctx context.Context, cfg config.Config, p netip.Prefix, users, asJSON bool) error {
	x, err := askWhy(ctx, cfg, p, users)
	if errors.Is(err, control.ErrNoService) {
		x, err = a.explainDirectly(cfg, p, users)
	}
	if err != nil {
		return err
	}
	if asJSON {
		err = a.printJSON(x)
	} else {
		err = printWhy(a.stdout, x)
	}
	if err == nil && !x.Known {
		return errNo
	}
	return err
}

// askWhy asks the service.
func askWhy(ctx context.Context, cfg config.Config, p netip.Prefix, users bool) (*explanation, error) {
	req := &control.Request{Op: control.OpWhy, Prefixes: []netip.Prefix{p}, Users: users}
	resp, err := control.Call(ctx, cfg.RuntimeDir, req)
	if err != nil {
		return nil, err
	}
	var x explanation
	if err := json.Unmarshal(resp.Why, &x); err != nil {
		return nil, fmt.Errorf("read the service's answer: %w", err)
	}
	x.Verdict = x.verdict() // in the time zone of who asks, as all else
	return &x, nil
}

// explainDirectly asks the kernel and the history where no service runs, which
// alone knows what counts towards the next ban.
func (a *app) explainDirectly(cfg config.Config, p netip.Prefix, users bool) (*explanation, error) {
	f := &facts{asked: p, now: time.Now(), ports: cfg.NFT.Ports}
	t, err := nft.OpenReadOnly(tableConfig(cfg.NFT))
	if err != nil {
		return nil, tableError(cfg.NFT.Table, err)
	}
	defer t.Close() //nolint:errcheck // only read
	if err := f.askKernel(t.Lookup); err != nil {
		return nil, err
	}
	err = store.Ask(cfg.StateDir, f.askSaved)
	hint := "the service is not running: it alone knows what counts now, and the neighbours"
	switch {
	case errors.Is(err, store.ErrLocked):
		hint = "the service starts or stops just now: ask again for more than the kernel knows"
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		fmt.Fprintln(a.stderr, "smtpbl: error:", err)
	}
	fmt.Fprintln(a.stderr, "smtpbl: hint:", hint)
	x := f.explain()
	x.finish(users)
	return x, nil
}

// askSaved takes from the history what the service would know of bans in the
// kernel, and what was before.
func (f *facts) askSaved(s *store.Store) error {
	for i := range f.kernel {
		k := f.kernel[i].Key()
		if k.Layer == nft.LayerFeed {
			continue // the history has no room for what block lists name
		}
		r, ok, err := s.Get(k)
		if err != nil {
			return err
		}
		if ok {
			f.records = append(f.records, r)
		}
	}
	pardons, err := s.Pardons() // what can be read of them
	f.pardoned = around(pardons, []netip.Prefix{f.asked}, f.now)
	return errors.Join(err, f.askHistory(s))
}
