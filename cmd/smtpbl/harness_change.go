package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/nft/ufw"
)

// harnessChange is what install or remove did.
type harnessChange struct {
	ufw.Result
	Table string // our own table, which is gone; "" where it was left alone
}

func (a *app) harnessInstallCommand() *cobra.Command {
	return a.harnessChangeCommand("install", "Put the harness into ufw's files and the running firewall", func(ctx context.Context, cfg *config.Config) (harnessChange, error) {
		res, err := harness(*cfg).Install(ctx)
		return harnessChange{Result: res}, harnessError("install the harness", err)
	})
}

// harnessChangeCommand makes the commands install and remove.
func (a *app) harnessChangeCommand(name, short string, change func(context.Context, *config.Config) (harnessChange, error)) *cobra.Command {
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
			res, err := change(cmd.Context(), &cfg)
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(map[string]any{
					"changed": some(res.Changed), "backups": some(res.Backups), "kernel_changed": res.Kernel, "table_deleted": res.Table != "",
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

func (a *app) printHarnessChange(res *harnessChange) {
	if res.Table != "" {
		fmt.Fprintf(a.stdout, "the table inet %s is gone from the kernel with its bans; the history keeps them\n", res.Table)
	}
	for i, path := range res.Changed {
		fmt.Fprintf(a.stdout, "%s changed, kept as it was in %s\n", path, res.Backups[i])
	}
	if res.Kernel {
		fmt.Fprintln(a.stdout, "the running firewall is changed")
	}
	if len(res.Changed) == 0 && !res.Kernel && res.Table == "" {
		fmt.Fprintln(a.stdout, "all is as it should be, nothing was changed")
	}
}

// some makes an empty list of none, for JSON.
func some(list []string) []string { return append([]string{}, list...) }
