package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// printSieges prints a row for each attack and setting, the factor beside the
// first setting of the same attack.
func printSieges(w io.Writer, results []result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "attack\tsetting\taddresses\ttries\tget through\tfewer by\tmost at one account\tpeople kept out\thours lost\tturned away\thours\taddresses banned\t")
	first := 0
	for _, r := range results {
		name := r.Attack
		if r.Siege == nil {
			name = "none"
			fmt.Fprintf(t, "%s\t%s\t\t\t\t\t\t", name, r.Setting)
		} else {
			if r.Setting == results[0].Setting {
				first = r.Siege.Through
			}
			fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%s\t%d\t", name, r.Setting, r.Siege.Addresses, r.Siege.Tries, r.Siege.Through,
				fewer(first, r.Siege.Through), r.Siege.Most)
		}
		fmt.Fprintf(t, "%d (%s)\t%.0f\t%d\t%.0f\t%d (%s)\t\n", r.Honest.KeptOut, percent(r.Honest.KeptOut, r.Honest.People), r.Honest.HoursLost,
			r.Honest.TurnedAway, r.Honest.SoftHours, r.AddressesBanned, percent(r.AddressesBanned, r.Addresses))
	}
	return t.Flush()
}

// printClasses prints who was kept out: a row for each class, columns for each
// result.
func printClasses(w io.Writer, results []result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "class\tpeople\t")
	for _, r := range results {
		fmt.Fprintf(t, "%s: kept out\thours lost\tturned away\thours\t", r.Setting)
	}
	fmt.Fprintln(t)
	rows := func(of func(r *result) *tally) {
		c := of(&results[0])
		fmt.Fprintf(t, "%s\t%d\t", c.Class, c.People)
		for i := range results {
			c := of(&results[i])
			fmt.Fprintf(t, "%d\t%.1f\t%d\t%.1f\t", c.KeptOut, c.HoursLost, c.TurnedAway, c.SoftHours)
		}
		fmt.Fprintln(t)
	}
	for i := range results[0].Classes {
		rows(func(r *result) *tally { return r.Classes[i] })
	}
	rows(func(r *result) *tally { return &r.Honest })
	return t.Flush()
}

func fewer(before, now int) string {
	if now == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f×", float64(before)/float64(now))
}

func percent(n, of int) string { return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(max(of, 1))) }
