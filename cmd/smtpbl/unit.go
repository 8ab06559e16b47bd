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
	cmd := &cobra.Command{
		Use:   "unit",
		Short: "Print the systemd unit",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(a.stdout, unit.Unit(binary))
			return err
		},
	}
	cmd.Flags().StringVar(&binary, "binary", defaultBinary, "`PATH` of the program in the unit")
	return cmd
}
