package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

// sortKeys are the columns that --sort takes, each with its order.
var sortKeys = map[string]func(a, b *control.Ban) int{
	"addr":      func(a, b *control.Ban) int { return compareAddr(a.Addr, b.Addr) },
	"remaining": func(a, b *control.Ban) int { return cmp.Compare(a.Remaining, b.Remaining) },
	"timeout":   func(a, b *control.Ban) int { return cmp.Compare(b.Timeout, a.Timeout) },
	"packets":   func(a, b *control.Ban) int { return cmp.Compare(b.Packets, a.Packets) },
	"bytes":     func(a, b *control.Ban) int { return cmp.Compare(b.Bytes, a.Bytes) },
	"set":       func(a, b *control.Ban) int { return cmp.Compare(a.Set, b.Set) },
}

func (a *app) setListCommand() *cobra.Command {
	var sortBy, family string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the bans as the kernel enforces them",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			order, ok := sortKeys[sortBy]
			if !ok {
				return usagef("--sort %q: choose addr, remaining, timeout, packets, bytes or set", sortBy)
			}
			if family != "" && family != "4" && family != "6" {
				return usagef("--family %q: choose 4 or 6", family)
			}
			cfg, err := a.loadConfig(cmd)
			if err != nil {
				return err
			}
			bans, err := listBans(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			bans = slices.DeleteFunc(bans, func(b control.Ban) bool { return !ofFamily(b.Addr, family) })
			sortBans(bans, order)
			if asJSON {
				return a.printJSON(bans)
			}
			return printBans(a.stdout, bans)
		},
	}
	cmd.Flags().StringVar(&sortBy, "sort", "addr", "sort by addr, remaining, timeout, packets, bytes or set")
	cmd.Flags().StringVar(&family, "family", "", "only 4 or 6")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// sortBans sorts by order, and what is equal by address and set: an address can
// be in several.
func sortBans(bans []control.Ban, order func(a, b *control.Ban) int) {
	slices.SortFunc(bans, func(x, y control.Ban) int {
		return cmp.Or(order(&x, &y), compareAddr(x.Addr, y.Addr), cmp.Compare(x.Set, y.Set))
	})
}

// listBans asks the service, which knows the keys and reads the kernel by
// them; without the service the sets are read straight from the kernel.
func listBans(ctx context.Context, cfg config.Config) ([]control.Ban, error) {
	resp, err := control.Call(ctx, cfg.RuntimeDir, &control.Request{Op: control.OpList})
	if err == nil {
		if resp.Bans == nil {
			return []control.Ban{}, nil
		}
		return resp.Bans, nil
	}
	if !errors.Is(err, control.ErrNoService) {
		return nil, err
	}
	t, err := nft.OpenReadOnly(tableConfig(cfg.NFT))
	if err != nil {
		return nil, tableError(cfg.NFT.Table, err)
	}
	defer t.Close() //nolint:errcheck // only read
	bans, err := t.Bans()
	if errors.Is(err, nft.ErrTableGone) {
		return []control.Ban{}, nil // no table: nobody is banned
	}
	if err != nil {
		return nil, err
	}
	return describe(bans, reasons(cfg)), nil
}

// reasons reads why bans were made from the history, as far as it can be
// read.
func reasons(cfg config.Config) map[nft.Key]string {
	out := map[nft.Key]string{}
	_ = store.Read(cfg.StateDir, func(r *store.Record) error {
		out[r.Key()] = r.Reason
		return nil
	})
	return out
}

func describe(bans []nft.Ban, why map[nft.Key]string) []control.Ban {
	out := make([]control.Ban, 0, len(bans))
	for i := range bans {
		b := &bans[i]
		out = append(out, control.Ban{
			Addr: enforce.Addr(b.Prefix), Set: b.Set,
			Remaining: seconds(b.Remaining), Timeout: seconds(b.Timeout),
			Packets: b.Packets, Bytes: b.Bytes, Reason: why[b.Key()],
		})
	}
	return out
}

func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

func printBans(w io.Writer, bans []control.Ban) error {
	if len(bans) == 0 {
		_, err := fmt.Fprintln(w, "nobody is banned")
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(tw, "ADDRESS\tSET\tREMAINING\tTIMEOUT\tPACKETS\tBYTES\tREASON")
	for i := range bans {
		b := &bans[i]
		_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%d\t%d\t%s\n", b.Addr, b.Set,
			brief(duration(b.Remaining)), brief(duration(b.Timeout)), b.Packets, b.Bytes, b.Reason)
	}
	return tw.Flush()
}

func duration(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

func asPrefix(text string) netip.Prefix {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		addr, _ := netip.ParseAddr(text)
		p = netip.PrefixFrom(addr, addr.BitLen())
	}
	return p
}

func compareAddr(a, b string) int {
	x, y := asPrefix(a), asPrefix(b)
	return cmp.Or(x.Addr().Compare(y.Addr()), cmp.Compare(x.Bits(), y.Bits()))
}

func ofFamily(addr, family string) bool {
	return family == "" || (family == "4") == asPrefix(addr).Addr().Is4()
}
