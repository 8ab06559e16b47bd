package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/integration/internal/peers"
)

// blame tells which addresses a program blames each line on.
type blame map[string][]netip.Addr

func (b blame) of(lines []string) []netip.Addr {
	all := make([]netip.Addr, 0, len(lines))
	for _, line := range lines {
		all = append(all, b[strings.TrimRight(line, "\r")]...)
	}
	return all
}

var errNotUnpacked = errors.New("the package does not hold the program")

// slow bounds one filter over one part of the matrix, most of which it needs
// to start: a line that it cannot finish must end the run.
const slow = 30 * time.Second

// fail2ban runs fail2ban's line tester with one filter. Its output names the
// address and repeats the line.
func fail2ban(ctx context.Context, f peers.Finder, dir, filter string, lines []string) (blame, error) {
	argv, env := f.Tester()
	if argv == nil {
		return nil, fmt.Errorf("find fail2ban-regex: %w", errNotUnpacked)
	}
	log := filepath.Join(dir, "mail.log")
	if err := os.WriteFile(log, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("write the lines: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, slow)
	defer cancel()
	// Names are not looked up: what a line blames must stand in it.
	argv = append(argv, "--usedns", "no", "-o", "<ip> <msg>", log, filter)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), append(env, "LC_ALL=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1")...)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run fail2ban-regex with filter %s: %w", filter, err)
	}
	return readBlame(string(out), lines)
}

// readBlame reads "address line" for each line that is blamed on somebody.
func readBlame(out string, lines []string) (blame, error) {
	known := map[string]bool{}
	for _, line := range lines {
		known[strings.TrimRight(line, "\r")] = true
	}
	b := blame{}
	for row := range strings.Lines(out) {
		text, line, _ := strings.Cut(strings.TrimRight(row, "\r\n"), " ")
		addr, err := netip.ParseAddr(text)
		if err != nil || !known[line] {
			return nil, fmt.Errorf("read its output: %q is no address and line", row)
		}
		b[line] = append(b[line], addr.Unmap())
	}
	return b, nil
}
