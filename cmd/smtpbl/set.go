package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/term"
	"github.com/smtpbl/smtpbl/nft"
)

func (a *app) setCommand() *cobra.Command {
	set := &cobra.Command{
		Use:   "set",
		Short: "Show and change who is banned",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	set.AddCommand(a.setListCommand(), a.setAddCommand(), a.setDelCommand(), a.setFlushCommand(), a.setCheckCommand())
	return set
}

func (a *app) setAddCommand() *cobra.Command {
	var banFor time.Duration
	var reason string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "add ADDR|PREFIX…",
		Short: "Ban by hand, all or none; - reads them from standard input",
		Args:  someArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			prefixes, err := a.prefixes(args)
			if err != nil {
				return err
			}
			if banFor < time.Second {
				return usagef("--for %s is shorter than a second", banFor)
			}
			req := &control.Request{Op: control.OpAdd, Prefixes: prefixes, For: banFor, Reason: reason}
			return a.change(cmd, req, asJSON, "banned", "banned longer already")
		},
	}
	cmd.Flags().DurationVar(&banFor, "for", time.Hour, "how long, such as 90m or 72h")
	cmd.Flags().StringVar(&reason, "reason", "banned by hand", "`TEXT` that set list shows")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) setDelCommand() *cobra.Command {
	var asJSON bool
	var pardon time.Duration
	cmd := &cobra.Command{
		Use:   "del ADDR|PREFIX…",
		Short: "Lift bans of every layer; - reads them from standard input",
		Args:  someArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			prefixes, err := a.prefixes(args)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("pardon") && (pardon < time.Second || pardon > maxPardon) {
				return withHint(usagef("--pardon %s: choose 1s to %s", pardon, maxPardon), "name in policy.never_ban who is never to be banned")
			}
			req := &control.Request{Op: control.OpDel, Prefixes: prefixes, Pardon: pardon}
			return a.change(cmd, req, asJSON, "unbanned", "not banned")
		},
	}
	cmd.Flags().DurationVar(&pardon, "pardon", 0, "keep them unbanned for so long, such as 2h")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) setFlushCommand() *cobra.Command {
	var yes, asJSON bool
	cmd := &cobra.Command{
		Use:   "flush",
		Short: "Lift every ban",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !yes && !a.confirm("Lift every ban? [y/N] ") {
				return withHint(errors.New("nothing was lifted"), "answer y, or use --yes")
			}
			return a.change(cmd, &control.Request{Op: control.OpFlush}, asJSON, "unbanned", "")
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// change sends a change to the service, or, where none runs, makes it itself
// straight over netlink, and prints what came of it.
func (a *app) change(cmd *cobra.Command, req *control.Request, asJSON bool, did, kept string) error {
	cfg, err := a.loadConfig(cmd)
	if err != nil {
		return err
	}
	resp, err := control.Call(cmd.Context(), cfg.RuntimeDir, req)
	if errors.Is(err, control.ErrNoService) {
		resp, err = changeDirectly(cmd.Context(), cfg, req, a.logger(false))
	}
	if err != nil {
		return err
	}
	if asJSON {
		return a.printJSON(changeJSON(resp))
	}
	if req.Op == control.OpFlush {
		_, err := fmt.Fprintf(a.stdout, "%d bans lifted\n", len(resp.Changed))
		return err
	}
	a.printChange(resp, did, kept)
	return nil
}

func changeJSON(resp *control.Response) map[string]any {
	out := map[string]any{"changed": addrs(resp.Changed), "kept": addrs(resp.Kept), "covered": covers(resp.Covered)}
	if !resp.PardonedUntil.IsZero() {
		out["pardoned_until"] = resp.PardonedUntil
	}
	if len(resp.Unpardoned) > 0 {
		out["pardons_ended"] = addrs(resp.Unpardoned)
	}
	return out
}

func (a *app) printChange(resp *control.Response, did, kept string) {
	for _, p := range resp.Changed {
		fmt.Fprintf(a.stdout, "%s %s\n", enforce.Addr(p), did)
	}
	for _, p := range resp.Kept {
		fmt.Fprintf(a.stdout, "%s %s\n", enforce.Addr(p), kept)
	}
	if until := resp.PardonedUntil; !until.IsZero() {
		fmt.Fprintf(a.stdout, "pardoned until %s: they are not banned before that\n", until.Local().Format(time.DateTime))
	}
	for _, p := range resp.Unpardoned {
		fmt.Fprintf(a.stdout, "the pardon of %s is over\n", enforce.Addr(p))
	}
	for _, c := range resp.Covered {
		fmt.Fprintf(a.stdout, "%s is still covered by %s in set %s\n", enforce.Addr(c.Prefix), enforce.Addr(c.By), c.Set)
	}
}

// cover is a ban that goes on around an address, as "set del --json" prints it.
type cover struct {
	Addr string `json:"addr"`
	By   string `json:"by"`
	Set  string `json:"set"`
}

func covers(list []control.Cover) []cover {
	out := make([]cover, 0, len(list))
	for _, c := range list {
		out = append(out, cover{enforce.Addr(c.Prefix), enforce.Addr(c.By), c.Set})
	}
	return out
}

func addrs(prefixes []netip.Prefix) []string {
	out := make([]string, 0, len(prefixes))
	for _, p := range prefixes {
		out = append(out, enforce.Addr(p))
	}
	return out
}

// prefixes reads addresses and prefixes from the arguments; - stands for
// standard input with one a line and # comments. All faults are told at once.
func (a *app) prefixes(args []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	var faults []string
	seen := map[netip.Prefix]bool{} // what is named twice counts once
	take := func(where, text string) {
		p, err := parsePrefix(text)
		if err != nil {
			faults = append(faults, where+err.Error())
			return
		}
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	for _, arg := range args {
		if arg != "-" {
			take("", arg)
			continue
		}
		if err := eachEntry(a.stdin, take); err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
	}
	if len(faults) > 0 {
		return nil, usagef("%s; nothing was changed", strings.Join(faults, "; "))
	}
	if len(out) == 0 {
		return nil, usagef("no address given")
	}
	return out, nil
}

func eachEntry(r io.Reader, take func(where, text string)) error {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if text = strings.TrimSpace(text); text != "" {
			take(fmt.Sprintf("line %d: ", n), text)
		}
	}
	return lines.Err()
}

// parsePrefix reads an address or a prefix. A lone IPv6 address means itself,
// a /128, not its /64: by hand, what is named is what is banned.
func parsePrefix(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("%q is no address or prefix", text)
		}
		if addr.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%q names an interface; give the address alone", text)
		}
		p = netip.PrefixFrom(addr, addr.BitLen())
	}
	if p != p.Masked() {
		return netip.Prefix{}, fmt.Errorf("%s has host bits set; the prefix is %s", text, p.Masked())
	}
	return nft.Normalize(p)
}

func someArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("%q needs at least one address, prefix or -", cmd.CommandPath())
	}
	return nil
}

func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%q takes at most one argument, not %q", cmd.CommandPath(), args)
	}
	return nil
}

// confirm asks on the terminal; without one the answer is no.
func (a *app) confirm(question string) bool {
	if f, ok := a.stdin.(*os.File); ok && !term.Is(f) {
		return false
	}
	fmt.Fprint(a.stderr, question)
	answer, _ := bufio.NewReader(a.stdin).ReadString('\n')
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

// printable keeps a reason from writing control sequences to a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}
