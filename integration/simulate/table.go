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
	fmt.Fprintln(t, "attack\tsetting\taddresses\ttries\tget through\ttimes fewer\tmost at one account\tpeople kept out\thours lost\taddresses banned\t")
	first := 0
	for _, r := range results {
		name, than := "", fewer(first, r.Siege.Through)
		if r.Setting == results[0].Setting {
			name, than, first = r.Attack, "", r.Siege.Through
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%s\t%d\t", name, r.Setting, r.Siege.Addresses, r.Siege.Tries, r.Siege.Through, than, r.Siege.Most)
		fmt.Fprintf(t, "%d (%s)\t%.0f\t%d (%s)\t\n", r.Honest.KeptOut, percent(r.Honest.KeptOut, r.Honest.People), r.Honest.HoursLost,
			r.AddressesBanned, percent(r.AddressesBanned, r.Addresses))
	}
	return t.Flush()
}

// printClasses prints who was kept out: a row for each class, columns for each
// result. Those of the soft step are there where somebody met it.
func printClasses(w io.Writer, results []result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "class\tpeople\t")
	for _, r := range results {
		fmt.Fprintf(t, "%s: kept out\thours lost\t", r.Setting)
		if r.Honest.TurnedAway > 0 {
			fmt.Fprint(t, "turned away softly\thours\t")
		}
	}
	fmt.Fprintln(t)
	for i := range results[0].Classes {
		printClass(t, results, func(r *result) *tally { return r.Classes[i] })
	}
	printClass(t, results, func(r *result) *tally { return &r.Honest })
	return t.Flush()
}

func printClass(w io.Writer, results []result, of func(r *result) *tally) {
	c := of(&results[0])
	fmt.Fprintf(w, "%s\t%d\t", c.Class, c.People)
	for i := range results {
		c := of(&results[i])
		fmt.Fprintf(w, "%d\t%.0f\t", c.KeptOut, c.HoursLost)
		if results[i].Honest.TurnedAway > 0 {
			fmt.Fprintf(w, "%d\t%.0f\t", c.TurnedAway, c.SoftHours)
		}
	}
	fmt.Fprintln(w)
}

func fewer(before, now int) string {
	if now == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(before)/float64(now))
}

func percent(n, of int) string { return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(max(of, 1))) }

// printAbout says what the attacks are.
func printAbout(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, a := range attacks() {
		fmt.Fprintf(t, "%s\t%s\n", a.Name, a.About)
	}
	fmt.Fprintln(t)
	return t.Flush()
}
