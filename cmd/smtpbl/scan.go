package main

import (
	"github.com/spf13/cobra"
)

func (a *app) scanCommand() *cobra.Command {
	var asJSON, events bool
	cmd := &cobra.Command{
		Use:   "scan [FILE…]",
		Short: "Read whole logs and print who would be banned, when and why",
		Long: "scan reads whole logs (plain, .gz, .zst, .xz; - is standard input) with their own time stamps\n" +
			"and prints who would be banned, when and why. Without FILE it reads the log that run would follow.",
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.loadConfig(cmd)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				if args, err = defaultLogs(cfg); err != nil {
					return err
				}
			}
			if events {
				return a.scanEvents(cmd.Context(), cfg, args)
			}
			return a.scanBans(cmd.Context(), cfg, args, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&events, "events", false, "print each recognised line as one JSON object, before any policy")
	return cmd
}
