package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/unit"
)

// defaultBinary is where make install puts the program.
const defaultBinary = "/usr/local/sbin/smtpbl"

func (a *app) unitCommand() *cobra.Command {
	var binary string
	var sysusers bool
	cmd := &cobra.Command{
		Use:   "unit",
		Short: "Print the systemd unit, or the user that it runs as",
		Long: "Print the systemd unit. It runs as a user of its own, which has to be there first:\n\n" +
			"    smtpbl unit --sysusers > /etc/sysusers.d/smtpbl.conf && systemd-sysusers\n" +
			"    smtpbl unit > /etc/systemd/system/smtpbl.service && systemctl daemon-reload",
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			text := unit.Unit(binary)
			if sysusers {
				text = unit.Sysusers
			}
			_, err := fmt.Fprint(a.stdout, text)
			return err
		},
	}
	cmd.Flags().StringVar(&binary, "binary", defaultBinary, "`PATH` of the program in the unit")
	cmd.Flags().BoolVar(&sysusers, "sysusers", false, "print the user for systemd-sysusers(8) instead")
	cmd.MarkFlagsMutuallyExclusive("binary", "sysusers")
	return cmd
}
