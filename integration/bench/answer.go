package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// answer is what a contender found. Zero or nil: it does not tell.
type answer struct {
	lines, failures int
	// hosts are the IPv4 addresses that offended often enough, nets the IPv4
	// networks that are blocked whole.
	hosts, nets map[netip.Prefix]bool
}

var errNoTotals = errors.New("no totals in its output")

var (
	smtpblTotals   = regexp.MustCompile(`^\d+ bans from (\d+) events in (\d+) lines$`)
	fail2banTotals = regexp.MustCompile(`\nLines: (\d+) lines, \d+ ignored, (\d+) matched`)
)

func wcAnswer(out io.Reader) (answer, error) {
	n, err := leading(out)
	return answer{lines: n}, err
}

func rgAnswer(out io.Reader) (answer, error) {
	n, err := leading(out)
	return answer{failures: n}, err
}

// leading reads the number that out begins with.
func leading(out io.Reader) (n int, err error) {
	if _, err = fmt.Fscan(out, &n); err != nil {
		err = fmt.Errorf("read the number in its output: %w", err)
	}
	return n, err
}

func sshguardAnswer(out io.Reader) (answer, error) {
	var a answer
	s := bufio.NewScanner(out)
	for s.Scan() {
		a.failures++
	}
	return a, s.Err()
}

func fail2banAnswer(out io.Reader) (answer, error) {
	text, err := io.ReadAll(out)
	if err != nil {
		return answer{}, fmt.Errorf("read its output: %w", err)
	}
	m := fail2banTotals.FindSubmatch(text)
	if m == nil {
		return answer{}, errNoTotals
	}
	return totals(string(m[1]), string(m[2]))
}

func totals(lines, failures string) (answer, error) {
	l, err := strconv.Atoi(lines)
	if err != nil {
		return answer{}, fmt.Errorf("read its totals: %w", err)
	}
	f, err := strconv.Atoi(failures)
	if err != nil {
		return answer{}, fmt.Errorf("read its totals: %w", err)
	}
	return answer{lines: l, failures: f}, nil
}

func smtpblAnswer(out io.Reader) (answer, error) {
	// DATE TIME ADDR until …; the totals have no address there.
	a, last, err := addresses(out, 2)
	if err != nil {
		return answer{}, err
	}
	m := smtpblTotals.FindStringSubmatch(last)
	if m == nil {
		return answer{}, errNoTotals
	}
	t, err := totals(m[2], m[1])
	a.lines, a.failures = t.lines, t.failures
	return a, err
}

func pipelineAnswer(out io.Reader) (answer, error) {
	a, _, err := addresses(out, 0)
	return a, err
}

// addresses reads the IPv4 addresses and networks that stand in a column, and
// returns the last line too.
func addresses(out io.Reader, column int) (a answer, last string, err error) {
	a.hosts, a.nets = map[netip.Prefix]bool{}, map[netip.Prefix]bool{}
	s := bufio.NewScanner(out)
	for s.Scan() {
		last = s.Text()
		fields := strings.Fields(last)
		if len(fields) <= column {
			return a, last, fmt.Errorf("no address in %q", last)
		}
		a.address(fields[column])
	}
	return a, last, s.Err()
}

// address adds a host or a network; what is neither, or IPv6, is left out.
func (a *answer) address(text string) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Is4() {
		a.hosts[netip.PrefixFrom(addr, 32)] = true
	} else if net, err := netip.ParsePrefix(text); err == nil && net.Addr().Is4() {
		a.nets[net] = true
	}
}
