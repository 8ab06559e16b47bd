package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
)

// compare says what the contenders agree on. That they do not is an error:
// they were not asked the same.
func compare(w io.Writer, results []result) error {
	ours := results[0]
	var errs []error
	for _, r := range results[1:] {
		if len(r.runs) == 0 {
			continue
		}
		errs = append(errs,
			sameNumber("lines", ours, r, ours.answer.lines, r.answer.lines),
			sameNumber("failed logins", ours, r, ours.answer.failures, r.answer.failures))
		if r.answer.hosts != nil {
			errs = append(errs, sameBlocked(ours, r), sameBlocked(r, ours))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("the answers differ: %w", err)
	}
	_, err := fmt.Fprintf(w, "\nThe answers agree: %d failed logins, and to block are %d IPv4 addresses and %d IPv4 networks.\n",
		ours.answer.failures, len(ours.answer.hosts), len(ours.answer.nets))
	return err
}

// sameNumber compares what both have counted.
func sameNumber(what string, a, b result, inA, inB int) error {
	if inB != 0 && inA != inB {
		return fmt.Errorf("%s counts %d %s, %s %d", a.name, inA, what, b.name, inB)
	}
	return nil
}

// sameBlocked makes sure that b blocks every address that a blocks, by itself
// or with its network.
func sameBlocked(a, b result) error {
	var example netip.Prefix
	missing := 0
	for host := range a.answer.hosts {
		net, err := host.Addr().Prefix(24)
		if err != nil {
			return fmt.Errorf("make a network of %v: %w", host, err)
		}
		if !b.answer.hosts[host] && !b.answer.nets[net] {
			missing, example = missing+1, host
		}
	}
	if missing > 0 {
		return fmt.Errorf("%s blocks %d IPv4 addresses that %s does not, such as %v", a.name, missing, b.name, example.Addr())
	}
	return nil
}
