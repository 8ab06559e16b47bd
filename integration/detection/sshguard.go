package main

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"

	"github.com/smtpbl/smtpbl/integration/internal/peers"
)

// sshguard runs sshguard's parser twice over the lines: once for the attackers
// in their order, once to learn which lines they are of.
func sshguard(ctx context.Context, f peers.Finder, lines []string) (blame, error) {
	argv := f.Parser()
	if argv == nil {
		return nil, fmt.Errorf("find sshg-parser: %w", errNotUnpacked)
	}
	ctx, cancel := context.WithTimeout(ctx, slow)
	defer cancel()
	attackers, err := parser(ctx, argv, lines)
	if err != nil {
		return nil, err
	}
	annotated, err := parser(ctx, append(argv, "-a"), lines)
	if err != nil {
		return nil, err
	}
	return readAnnotated(attackers, annotated)
}

// parser returns the rows that sshguard's parser prints.
func parser(ctx context.Context, argv, lines []string) ([]string, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", strings.Join(argv, " "), err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n"), nil
}

// readAnnotated puts the attackers, "service address family score", to the
// annotated lines with a star.
func readAnnotated(attackers, annotated []string) (blame, error) {
	b := blame{}
	for _, row := range annotated {
		line, attack := strings.CutPrefix(row, "* ")
		if !attack {
			continue
		}
		if len(attackers) == 0 {
			return nil, fmt.Errorf("read its output: no attacker is left for %q", line)
		}
		fields := strings.Fields(attackers[0])
		attackers = attackers[1:]
		if len(fields) < 2 {
			return nil, fmt.Errorf("read its output: no address in %q", fields)
		}
		addr, err := netip.ParseAddr(fields[1])
		if err != nil {
			return nil, fmt.Errorf("read its output: %w", err)
		}
		line = strings.TrimRight(line, "\r")
		b[line] = append(b[line], addr.Unmap())
	}
	return b, nil
}
