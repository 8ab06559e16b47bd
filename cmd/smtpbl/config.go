package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check and show the configuration",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.configCheckCommand(), a.configDefaultCommand(), a.configShowCommand())
	return cmd
}

func (a *app) configCheckCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Tell all faults of the configuration file at once",
		Args:  atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			path := a.configPath
			if len(args) > 0 {
				path = args[0]
			}
			cfg, err := config.Load(path)
			if errors.Is(err, fs.ErrNotExist) && len(args) == 0 && !cmd.Flags().Changed("config") && !asJSON {
				_, err = fmt.Fprintf(a.stdout, "%s: there is none, the defaults are in force\n", path)
				return err
			}
			if err == nil {
				a.noteTraps(&cfg)
				a.noteCoverage(cmd.Context(), &cfg)
			}
			if asJSON {
				return a.checkJSON(path, err)
			}
			if err != nil {
				return missingConfig(path, err)
			}
			_, err = fmt.Fprintf(a.stdout, "%s: no faults\n", path)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// checkJSON prints the faults as one document; the exit code says the same.
func (a *app) checkJSON(path string, err error) error {
	faults, found := errors.AsType[config.Faults](err)
	if err != nil && !found {
		return missingConfig(path, err)
	}
	if faults == nil {
		faults = config.Faults{}
	}
	return errors.Join(a.printJSON(map[string]any{"file": path, "faults": faults}), err)
}

func (a *app) configDefaultCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "default",
		Short: "Print the commented reference configuration",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(a.stdout, config.Reference())
			return err
		},
	}
}

func (a *app) configShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print the effective values",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.loadConfig(cmd)
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(cfg)
			}
			_, err = a.stdout.Write(cfg.TOML())
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
