package main

import (
	"github.com/spf13/cobra"
)

func (a *app) scanCommand() *cobra.Command {
	var asJSON, events bool
	var x comparing
	cmd := &cobra.Command{
		Use:   "scan [FILE…]",
		Short: "Read whole logs and print who would be banned, when and why",
		Long: "scan reads whole logs (plain, .gz, .zst, .xz; - is standard input) with their own time stamps\n" +
			"and prints who would be banned, when and why. Without FILE it reads the log that run would follow.\n\n" +
			"With --compare it tells what another configuration's policy would have changed: who would be banned\n" +
			"too, who no longer, and from which banned addresses somebody logged in.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("compare") && x.with == "" {
				return usagef("--compare names no configuration")
			}
			if err := x.check(events); err != nil {
				return err
			}
			cfg, err := a.loadConfig(cmd)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				if args, err = defaultLogs(cfg); err != nil {
					return err
				}
			}
			if x.with != "" {
				x.json = asJSON
				return a.scanCompare(cmd.Context(), cfg, args, x)
			}
			if events {
				return a.scanEvents(cmd.Context(), cfg, args)
			}
			return a.scanBans(cmd.Context(), cfg, args, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&events, "events", false, "print each recognised line as one JSON object, before any policy")
	cmd.Flags().StringVar(&x.with, "compare", "", "compare with the policy of the configuration `NEW`")
	cmd.Flags().BoolVar(&x.users, "users", false, "with --compare: print login names in full")
	cmd.Flags().BoolVar(&x.plot, "plot", false, "with --compare: draw the day even where no terminal is written to")
	return cmd
}
