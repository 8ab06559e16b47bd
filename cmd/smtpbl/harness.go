package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/nft/ufw"
)

func (a *app) harnessCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "harness",
		Short: "Put chains into ufw that mark the packets for the mail ports; connect Postfix",
		Long: "With nft.hook = \"ufw\", chains in ufw's before.rules and before6.rules mark the packets for the mail ports,\n" +
			"and the table of smtpbl drops the marked ones that are banned.\n\n" +
			"\"smtpbl harness postfix\" shows how Postfix can ask smtpbl about clients before they are banned.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		a.harnessInstallCommand(),
		a.harnessRemoveCommand(),
		a.harnessStatusCommand(),
		a.harnessPostfixCommand(),
	)
	return cmd
}

// ufwBackups is where ufw's files are kept as they were. Root writes them and may
// put them back, so the place must not be one that the service's user can change,
// as state_dir is.
const ufwBackups = "/var/backups/smtpbl"

// harness is the harness that the configuration wants.
func harness(cfg config.Config) *ufw.Harness {
	return ufw.New(ufw.Config{
		Spec:    ufw.Spec{Ports: cfg.NFT.Ports, Mark: ufw.Mark(cfg.NFT.Mark)},
		Table:   cfg.NFT.Table,
		Backups: ufwBackups,
	})
}

// harnessError adds to an error of the harness what was being done, and advice.
// Nothing was changed in ufw then.
func harnessError(doing string, err error) error {
	if err == nil {
		return nil
	}
	conflict, found := errors.AsType[*ufw.ConflictError](err)
	err = fmt.Errorf("%s: %w", doing, err)
	switch {
	case found:
		return withHint(err, "nothing was changed; "+markAdvice(conflict.Free))
	case errors.Is(err, ufw.ErrNotInstalled):
		return withHint(err, "nothing was changed; apt-get install ufw, or use nft.hook = \"prerouting\", which needs no harness")
	case errors.Is(err, ufw.ErrNoIPv6):
		return withHint(err, "nothing was changed; set IPV6=yes in /etc/default/ufw, or use nft.hook = \"prerouting\", which needs no harness")
	case errors.Is(err, ufw.ErrBusy):
		return withHint(err, "nothing was changed; try again when the other command has ended")
	case errors.Is(err, ufw.ErrEdited):
		return withHint(err, "that change is kept; try again")
	case errors.Is(err, ufw.ErrNoIPTables):
		return withHint(err, "nothing was changed; apt-get install iptables, which ufw needs too")
	}
	return withHint(err, "nothing was changed")
}

// markAdvice says which mark to choose instead.
func markAdvice(free ufw.Mark) string {
	if free.Mask == 0 {
		return "no mark is free: use nft.hook = \"prerouting\", which needs none"
	}
	return fmt.Sprintf("this mark is free: nft.mark = %q", free.String())
}
