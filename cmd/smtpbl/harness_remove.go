package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/nft/ufw"
)

func (a *app) harnessRemoveCommand() *cobra.Command {
	var table bool
	cmd := a.harnessChangeCommand("remove", "Take the harness out again, without a trace", func(ctx context.Context, cfg *config.Config) (harnessChange, error) {
		if table {
			return removeAll(ctx, cfg)
		}
		res, err := harness(*cfg).Remove(ctx)
		return harnessChange{Result: res}, harnessError("remove the harness", err)
	})
	cmd.Long = cmd.Short + ".\n\n" +
		"With --table, smtpbl's own table is deleted before, and with it every ban in the kernel. The history keeps the bans:\n" +
		"a service that is started later brings back those that have time left. None may run meanwhile."
	cmd.Flags().BoolVar(&table, "table", false, "delete smtpbl's own table too, which ends all bans in the kernel")
	return cmd
}

// removeAll leaves nothing of smtpbl in the firewall: neither its table nor,
// where there is ufw, the harness.
func removeAll(ctx context.Context, cfg *config.Config) (harnessChange, error) {
	if err := deleteTable(cfg); err != nil {
		return harnessChange{}, err
	}
	res, err := harness(*cfg).Remove(ctx)
	if errors.Is(err, ufw.ErrNotInstalled) {
		err = nil // so nothing of ours is there
	}
	return harnessChange{Result: res, Table: cfg.NFT.Table}, harnessError("the table is gone, but remove the harness from ufw", err)
}

// deleteTable deletes the table. It refuses while the service runs, which would
// build it anew at once.
func deleteTable(cfg *config.Config) error {
	s := &service{cfg: *cfg}
	release, err := s.claim()
	if err != nil {
		return err
	}
	defer release()
	t, err := openTable(cfg.NFT)
	if errors.Is(err, nft.ErrNoNFTables) {
		return nil // so there is no table
	}
	if err != nil {
		return err
	}
	if err := errors.Join(t.Delete(), t.Close()); err != nil {
		return withHint(err, "nothing was changed")
	}
	return nil
}
