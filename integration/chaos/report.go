package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/smtpbl/smtpbl/integration/chaos/traffic"
)

// result is what a campaign showed.
type result struct {
	campaign *campaign
	stats    traffic.Stats
	took     time.Duration
}

// shown bounds how many violations are told one by one.
const shown = 20

// err tells what was promised and did not hold; nil if all held.
func (r *result) err() error {
	switch v := r.campaign.judge.violations; {
	case r.stats.Lost > 0:
		return fmt.Errorf("%d answers were lost on the way to the test: nothing is proved", r.stats.Lost)
	case len(v) > 0:
		return fmt.Errorf("seed %d: %d promises were broken, the first: %s", r.campaign.seed, len(v), v[0])
	}
	return nil
}

// print writes the tables.
func (r *result) print(w io.Writer) {
	c := r.campaign
	var broken [dropped + 1]int
	for _, v := range c.judge.violations {
		broken[v.must] += v.packets
	}
	fmt.Fprintf(w, "protect_table = %v, seed %d: %d faults in %s, %d changes by hand\n",
		c.protected, c.seed, len(c.judge.faults), r.took.Round(time.Second), c.changes)
	fmt.Fprintf(w, "packets: %d sent, %d of the banned, %d of others, %d not judged; longest gap %s\n",
		r.stats.Sent, c.judge.judged[dropped], c.judge.judged[passes], c.judge.judged[either], r.stats.LongGap.Round(time.Millisecond))
	fmt.Fprintf(w, "leaks later than %s after a fault: %d; wrong drops: %d; late because the machine stood still: %d\n",
		c.grace, broken[dropped], broken[passes], c.judge.stalls)
	fmt.Fprintf(w, "the service counted %v heals, %v bans, %v unbans; it could not be asked %d times\n\n",
		c.metrics["smtpbl_heals_total"], c.metrics["smtpbl_bans_total"], c.metrics["smtpbl_unbans_total"], c.unscraped)
	printKinds(w, c.judge.faults)
	for i := range c.judge.violations[:min(shown, len(c.judge.violations))] {
		fmt.Fprintln(w, c.judge.violations[i])
	}
	if worst := c.judge.worst(); worst != nil {
		fmt.Fprintf(w, "\nthe service, around the longest of them, from %s to %s:\n", worst.sent, worst.until)
		for _, line := range c.around(worst.sent-4*c.grace, worst.until+4*c.grace) {
			fmt.Fprintln(w, line)
		}
	}
}

// printKinds writes a line for each kind of fault: how many were dealt, how
// many the kernel refused, after how many packets passed, and for how long.
func printKinds(w io.Writer, faults []*fault) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "fault\tdealt\trefused\tmissed\topened\topen p50\tp99\tmax\t")
	for _, k := range kinds {
		var by [missed + 1]int
		var open []time.Duration
		for _, f := range faults {
			if f.kind != k {
				continue
			}
			by[f.outcome]++
			if f.leaks > 0 {
				open = append(open, f.open())
			}
		}
		slices.Sort(open)
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t\n", k.name, by[dealt], by[refused], by[missed], len(open),
			quantile(open, 50), quantile(open, 99), quantile(open, 100))
	}
	_ = t.Flush() // its writer keeps no errors
	fmt.Fprintln(w)
}

// quantile returns a percentile of sorted durations, as text.
func quantile(sorted []time.Duration, percent int) string {
	if len(sorted) == 0 {
		return "-"
	}
	return sorted[max(0, (len(sorted)*percent+99)/100-1)].Round(10 * time.Microsecond).String()
}
