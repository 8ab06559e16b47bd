package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// table is how the nft command calls the service's table.
var table = []string{"inet", "smtpbl"}

var (
	// errRefused says that the kernel did not let nft change the table.
	errRefused = errors.New("the kernel refused it")
	// errMissed says that what nft was to change was not there.
	errMissed = errors.New("there is nothing to break")
)

// nft runs the real nft command on the mail server and returns what it prints.
func (c *campaign) nft(args ...string) (string, error) {
	var out, diag strings.Builder
	cmd := exec.Command("nft", args...)
	cmd.Stdout, cmd.Stderr = &out, &diag
	err := c.lab.MX.Do(cmd.Run)
	switch {
	case err == nil:
		return out.String(), nil
	case strings.Contains(diag.String(), "Operation not permitted"):
		return "", errRefused
	case strings.Contains(diag.String(), "No such file or directory"),
		strings.Contains(diag.String(), "Could not process rule: Invalid argument"):
		return "", errMissed
	}
	return "", fmt.Errorf("run nft %s: %w\n%s", strings.Join(args, " "), err, diag.String())
}

// onTable runs nft with a command about something in the table.
func (c *campaign) onTable(verb, object string, args ...string) error {
	words := append([]string{verb, object}, table...)
	_, err := c.nft(append(words, args...)...)
	return err
}

// rule returns the handle of some rule of some chain.
func (c *campaign) rule() (chain, handle string, err error) {
	chain = c.pick(chains)
	text, err := c.nft("-a", "-t", "list", "chain", table[0], table[1], chain)
	if err != nil {
		return "", "", err
	}
	var handles []string
	for line := range strings.Lines(text) {
		body, number, found := strings.Cut(strings.TrimSpace(line), " # handle ")
		if found && !strings.HasSuffix(body, "{") {
			handles = append(handles, number)
		}
	}
	if len(handles) == 0 {
		return "", "", errMissed
	}
	return chain, c.pick(handles), nil
}

// smallRules is what an administrator may have who does not know of smtpbl.
const smallRules = `flush ruleset
table inet filter {
	chain input {
		type filter hook input priority filter; policy accept;
		tcp dport 22 counter accept
	}
}
`

// otherRules is a program with a table of its own, on the same hook.
const otherRules = `table inet other {
	set seen { type ipv4_addr; flags timeout; timeout 10s; }
	chain early {
		type filter hook prerouting priority raw; policy accept;
		counter
	}
}
flush chain inet other early
add rule inet other early ip saddr 198.51.100.0/24 counter
add element inet other seen { 198.51.100.1 }
`

const (
	smallFile = "/tmp/small.nft"
	otherFile = "/tmp/other.nft"
)

// writeRules writes the files that "nft -f" reads besides Debian's own.
func writeRules() error {
	for name, text := range map[string]string{smallFile: smallRules, otherFile: otherRules} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return fmt.Errorf("write rules: %w", err)
		}
	}
	return nil
}
