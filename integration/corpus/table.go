package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// print prints the score. Recall is the part of the labelled lines that smtpbl
// finds with the right address, precision the part of its claims that are so.
// A line that is counted though it should not be is missing from its server's
// recall of "none".
func (s *score) print(w io.Writer, verbose bool) error {
	fmt.Fprintf(w, "%s\n\n", s.of)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "server\tevent\tlabelled\tfound\trecall\tclaimed\tprecision\tfalse address\t")
	for _, g := range s.groups() {
		n := s.tallies[g]
		if g.event == none { // silence claims nothing
			n.claimed = 0
		}
		if n.labelled+n.claimed == 0 {
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%s\t%d\t%s\t%d\t\n", g.service, g.event, n.labelled, n.found,
			part(n.found, n.labelled), n.claimed, part(n.found, n.claimed), n.misplaced)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the score: %w", err)
	}
	fmt.Fprintf(w, "\nevents that name no client, scored as none: %d\n", s.clientless)
	for _, why := range slices.Sorted(maps.Keys(s.disputed)) {
		fmt.Fprintf(w, "left out, disputed, %s: %d\n", why, s.disputed[why])
	}
	if len(s.disputed) > 0 {
		s.printGiven(w)
	}
	if verbose {
		for _, f := range s.worstFirst() {
			fmt.Fprintf(w, "\n%v\n", f)
		}
	}
	fmt.Fprintln(w)
	return nil
}

// printGiven prints the sums over all labels. Abuse bans nobody by default, so
// what counts as a login though it is none stands apart.
func (s *score) printGiven(w io.Writer) {
	for _, event := range events {
		t := s.given[event]
		fmt.Fprintf(w, "with the disputed labels, %s: recall %s of %d, precision %s of %d\n", event,
			part(t.found, t.labelled), t.labelled, part(t.found, t.claimed), t.claimed)
	}
	fmt.Fprint(w, "with the disputed labels, none, counted as")
	for i, event := range events {
		fmt.Fprintf(w, "%s %s: %d", []string{"", ",", ","}[i], event, s.counted[event])
	}
	fmt.Fprintln(w)
}

// part is a fraction to three digits, "-" of nothing.
func part(n, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f", float64(n)/float64(of))
}
