package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/nft/ufw"
)

// harnessChangeCommand makes the commands install and remove.
func (a *app) harnessChangeCommand(name, short string, change func(*ufw.Harness, context.Context) (ufw.Result, error)) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   name,
		Short: short,
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.loadConfig(cmd)
			if err != nil {
				return err
			}
			res, err := change(harness(cfg), cmd.Context())
			if err != nil {
				return harnessError(fmt.Errorf("%s the harness: %w", name, err))
			}
			if asJSON {
				return a.printJSON(map[string]any{
					"changed": some(res.Changed), "backups": some(res.Backups), "kernel_changed": res.Kernel,
				})
			}
			a.printHarnessChange(&res)
			if name == "install" && cfg.NFT.Hook != config.HookUFW {
				fmt.Fprintf(a.stdout, "the harness takes effect with nft.hook = \"ufw\"; the configuration has %q\n", cfg.NFT.Hook)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) printHarnessChange(res *ufw.Result) {
	for i, path := range res.Changed {
		fmt.Fprintf(a.stdout, "%s changed, kept as it was in %s\n", path, res.Backups[i])
	}
	if res.Kernel {
		fmt.Fprintln(a.stdout, "the running firewall is changed")
	}
	if len(res.Changed) == 0 && !res.Kernel {
		fmt.Fprintln(a.stdout, "all is as it should be, nothing was changed")
	}
}

// some makes an empty list of none, for JSON.
func some(list []string) []string { return append([]string{}, list...) }
