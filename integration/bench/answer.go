package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
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
	smtpblTotals   = regexp.MustCompile(`\n(?:\d+) bans from (\d+) events in (\d+) lines\n$`)
	fail2banTotals = regexp.MustCompile(`\nLines: (\d+) lines, \d+ ignored, (\d+) matched`)
)

func wcAnswer(out []byte) (answer, error) {
	n, err := leading(out)
	return answer{lines: n}, err
}

func rgAnswer(out []byte) (answer, error) {
	n, err := leading(out)
	return answer{failures: n}, err
}

// leading reads the number that out begins with.
func leading(out []byte) (int, error) {
	fields := bytes.Fields(out)
	if len(fields) == 0 {
		return 0, fmt.Errorf("no number in its output %q", out)
	}
	return strconv.Atoi(string(fields[0]))
}

func sshguardAnswer(out []byte) (answer, error) {
	return answer{failures: bytes.Count(out, []byte("\n"))}, nil
}

func fail2banAnswer(out []byte) (answer, error) {
	m := fail2banTotals.FindSubmatch(out)
	if m == nil {
		return answer{}, errNoTotals
	}
	return totals(m[1], m[2])
}

func totals(lines, failures []byte) (answer, error) {
	l, err := strconv.Atoi(string(lines))
	if err != nil {
		return answer{}, fmt.Errorf("read its totals: %w", err)
	}
	f, err := strconv.Atoi(string(failures))
	if err != nil {
		return answer{}, fmt.Errorf("read its totals: %w", err)
	}
	return answer{lines: l, failures: f}, nil
}

func smtpblAnswer(out []byte) (answer, error) {
	m := smtpblTotals.FindSubmatch(append([]byte("\n"), out...))
	if m == nil {
		return answer{}, errNoTotals
	}
	a, err := totals(m[2], m[1])
	if err != nil {
		return answer{}, err
	}
	// DATE TIME ADDR until …; the totals are no line with an address there.
	return a, a.addresses(out, 2)
}

func pipelineAnswer(out []byte) (answer, error) {
	var a answer
	return a, a.addresses(out, 0)
}

// addresses reads the IPv4 addresses and networks that stand in a column.
func (a *answer) addresses(out []byte, column int) error {
	a.hosts, a.nets = map[netip.Prefix]bool{}, map[netip.Prefix]bool{}
	s := bufio.NewScanner(bytes.NewReader(out))
	for s.Scan() {
		fields := bytes.Fields(s.Bytes())
		if len(fields) <= column {
			return fmt.Errorf("no address in %q", s.Text())
		}
		a.address(string(fields[column]))
	}
	return s.Err()
}

// address adds a host or a network; what is neither, or IPv6, is left out.
func (a *answer) address(text string) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Is4() {
		a.hosts[netip.PrefixFrom(addr, 32)] = true
	} else if net, err := netip.ParsePrefix(text); err == nil && net.Addr().Is4() {
		a.nets[net] = true
	}
}
