package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/nft"
)

func (a *app) setCheckCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check ADDR",
		Short: "Tell whether packets from ADDR are dropped now (exit 0) or not (exit 1)",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("set check takes one address, not %q", args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			addr, err := netip.ParseAddr(args[0])
			if err != nil {
				return usagef("set check takes one address, not %q", args[0])
			}
			cfg, err := a.loadConfig(cmd)
			if err != nil {
				return err
			}
			t, err := nft.OpenReadOnly(tableConfig(cfg.NFT))
			if err != nil {
				return tableError(cfg.NFT.Table, err)
			}
			defer t.Close() //nolint:errcheck // only read
			bans, allowed, err := t.Lookup(addr.Unmap().WithZone(""))
			if err != nil && !errors.Is(err, nft.ErrTableGone) {
				return err
			}
			var pardoned time.Time
			if allowed {
				pardoned = pardonedUntil(cmd.Context(), cfg, addr.Unmap().WithZone(""))
			}
			return a.printCheck(cfg.NFT.Table, addr, bans, allowed, pardoned, asJSON, whyBanned(cmd.Context(), cfg, bans))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printCheck says yes or no and names what matches.
func (a *app) printCheck(table string, addr netip.Addr, bans []nft.Ban, allowed bool, pardoned time.Time, asJSON bool, why map[nft.Key]string) error {
	dropped := len(bans) > 0 && !allowed
	matches := describe(bans, why)
	answer := error(nil)
	if !dropped {
		answer = errNo
	}
	if asJSON {
		out := map[string]any{"addr": addr.String(), "dropped": dropped, "never_banned": allowed, "matches": matches}
		if !pardoned.IsZero() {
			out["pardoned_until"] = pardoned
		}
		if err := a.printJSON(out); err != nil {
			return err
		}
		return answer
	}
	switch {
	case allowed && !pardoned.IsZero() && !pardoned.After(time.Now()):
		fmt.Fprintf(a.stdout, "%s is not dropped: its pardon is over since %s, but no service runs to tell the kernel\n", addr, pardoned.Local().Format(time.DateTime))
	case allowed && !pardoned.IsZero():
		fmt.Fprintf(a.stdout, "%s is not dropped: it is never banned until %s, by pardon\n", addr, pardoned.Local().Format(time.DateTime))
	case allowed:
		fmt.Fprintf(a.stdout, "%s is not dropped: it is never banned\n", addr)
	case !dropped:
		fmt.Fprintf(a.stdout, "%s is not dropped: no ban in table inet %s matches\n", addr, table)
	}
	for i := range matches {
		m := &matches[i]
		if bans[i].Layer == nft.LayerFeed {
			fmt.Fprintf(a.stdout, "%s is in set %s as %s: a block list names it\n", addr, m.Set, m.Addr)
			continue
		}
		fmt.Fprintf(a.stdout, "%s is in set %s as %s, %s left of %s, %d packets dropped: %s\n", addr, m.Set, m.Addr,
			brief(duration(m.Remaining)), brief(duration(m.Timeout)), m.Packets, m.Reason)
	}
	return answer
}

// whyBanned asks the service for the reasons of bans, or, without it, the
// history.
func whyBanned(ctx context.Context, cfg config.Config, bans []nft.Ban) map[nft.Key]string {
	req := &control.Request{Op: control.OpList}
	for i := range bans {
		if bans[i].Layer != nft.LayerFeed { // of which nobody knows more
			req.Prefixes = append(req.Prefixes, bans[i].Prefix)
		}
	}
	if len(req.Prefixes) == 0 {
		return nil
	}
	resp, err := control.Call(ctx, cfg.RuntimeDir, req)
	if err != nil {
		return reasons(cfg)
	}
	type name struct{ addr, set string }
	told := map[name]string{}
	for i := range resp.Bans {
		told[name{resp.Bans[i].Addr, resp.Bans[i].Set}] = resp.Bans[i].Reason
	}
	out := map[nft.Key]string{}
	for i := range bans {
		out[bans[i].Key()] = told[name{enforce.Addr(bans[i].Prefix), bans[i].Set}]
	}
	return out
}
