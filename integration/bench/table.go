package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

// printTable prints a row for each contender; the ratios are to the first.
// On a machine that is busy with other things the processor time tells more
// than the time that passed.
func printTable(w io.Writer, results []result, lines int) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "contender\truns\tmedian s\tmin s\tmax s\tratio\tCPU s\tCPU ratio\tlines/s\tmax RSS MB\t")
	ours, oursCPU := median(results[0].runs, wallTime), median(results[0].runs, cpuTime)
	for _, r := range results {
		if len(r.runs) == 0 {
			fmt.Fprintf(t, "%s\tnot installed\t\t\t\t\t\t\t\t\t\n", r.name)
			continue
		}
		m, cpu := median(r.runs, wallTime), median(r.runs, cpuTime)
		fmt.Fprintf(t, "%s\t%d\t%.3f\t%.3f\t%.3f\t%.2f\t%.3f\t%.2f\t%.0f\t%s\t\n", r.name, len(r.runs),
			m.Seconds(), slices.Min(times(r.runs, wallTime)).Seconds(), slices.Max(times(r.runs, wallTime)).Seconds(),
			m.Seconds()/ours.Seconds(), cpu.Seconds(), cpu.Seconds()/oursCPU.Seconds(), float64(lines)/m.Seconds(), maxRSS(r.runs))
	}
	return t.Flush()
}

func wallTime(m measured) time.Duration { return m.wall }
func cpuTime(m measured) time.Duration  { return m.cpu }

func times(runs []measured, of func(measured) time.Duration) []time.Duration {
	all := make([]time.Duration, 0, len(runs))
	for _, m := range runs {
		all = append(all, of(m))
	}
	return all
}

// median of an even number of runs is the mean of the two in the middle.
func median(runs []measured, of func(measured) time.Duration) time.Duration {
	all := times(runs, of)
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

// maxRSS is in MB. The kernel carries the size of the process that forks over
// into the figure of its child (linux fs/exec.c, exec_mmap), so of what is
// smaller than this program was only that can be said.
func maxRSS(runs []measured) string {
	var own unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &own); err != nil {
		return "unknown"
	}
	var kib int64
	for _, m := range runs {
		kib = max(kib, m.rssKiB)
	}
	if kib <= own.Maxrss {
		return fmt.Sprintf("<= %.0f", float64(own.Maxrss)*1024/1e6)
	}
	return fmt.Sprintf("%.0f", float64(kib)*1024/1e6)
}
