package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// tradeOff is what one choice of values gives.
type tradeOff struct {
	// Set is what differs from the defaults, empty where nothing does.
	Set string `json:"set"`
	// Peace is a week without an attack.
	Peace   result   `json:"without_attack"`
	Attacks []result `json:"attacks"`
}

// sweepAttacks are those whose outcome depends on the values.
var sweepAttacks = []string{"spread-100", "spread-all", "patient-20", "nets", "ipv6", "spray", "insider"}

// values are those that one might choose, by key. The first key's come first.
var values = []struct{ key, values string }{
	{"threshold4", "3 10"},
	{"account_nets", "0 3 8 12"},
	{"account_time", "4h 12h"},
	{"net_accounts", "0 5 20"},
	{"net_failing", "0 8 32"},
	{"known_threshold", "0 10 50 100 200 400"},
	{"ban_time", "1h 12h 24h"},
	{"ban_decay", "0s 24h"},
}

// sweep plays the defaults, and each value of each key with the other keys at
// their defaults; with full, the combinations of the four keys that one would
// expect to depend on each other.
func sweep(w io.Writer, o options) error {
	sets := []string{""}
	for _, v := range values {
		for value := range strings.FieldsSeq(v.values) {
			sets = append(sets, v.key+"="+value)
		}
	}
	if o.full {
		sets = combinations()
	}
	var all []tradeOff
	for _, set := range sets {
		t := tradeOff{Set: set}
		if err := t.play(o); err != nil {
			return err
		}
		all = append(all, t)
	}
	if o.json {
		return writeJSON(w, all)
	}
	return printTradeOffs(w, all)
}

func combinations() []string {
	sets := make([]string, 0, 2*3*3*4)
	for _, threshold := range []int{5, 10} {
		for _, known := range []int{10, 20, 50} {
			for _, accounts := range []int{5, 10, 20} {
				for _, nets := range []int{3, 5, 8, 12} {
					sets = append(sets, fmt.Sprintf("threshold4=%d,known_threshold=%d,net_accounts=%d,account_nets=%d", threshold, known, accounts, nets))
				}
			}
		}
	}
	return sets
}

func (t *tradeOff) play(o options) error {
	c := defaults()
	o.set.apply(&c)
	if t.Set != "" {
		var set changes
		if err := set.Set(t.Set); err != nil {
			return err
		}
		set.apply(&c)
	}
	s := scenario{seed: o.seed, people: village(), botnet: o.botnet, setting: setting{t.Set, c}}
	t.Peace = s.play()
	for _, a := range attacks() {
		if !slices.Contains(sweepAttacks, a.Name) || o.only != "" && o.only != a.Name {
			continue
		}
		s.attack = &a
		t.Attacks = append(t.Attacks, s.play())
	}
	return nil
}

// printTradeOffs prints a row for each choice: how many guesses get through,
// and how many hours honest people lose; for an attack that hardly changes the
// hours, only the former.
func printTradeOffs(w io.Writer, all []tradeOff) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "set\tno attack: kept out\thours lost\t")
	for i, r := range all[0].Attacks {
		fmt.Fprintf(t, "%s: get through\t", r.Attack)
		if harms(all, i) {
			fmt.Fprint(t, "hours lost\t")
		}
	}
	fmt.Fprintln(t)
	for _, x := range all {
		fmt.Fprintf(t, "%s\t%d\t%.0f\t", cmp.Or(x.Set, "the defaults"), x.Peace.Honest.KeptOut, x.Peace.Honest.HoursLost)
		for i := range x.Attacks {
			fmt.Fprintf(t, "%d\t", x.Attacks[i].Siege.Through)
			if harms(all, i) {
				fmt.Fprintf(t, "%.0f\t", x.Attacks[i].Honest.HoursLost)
			}
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the trade-offs: %w", err)
	}
	return nil
}

// harms tells whether honest people lose more when attack i comes, with the
// first of the choices.
func harms(all []tradeOff, i int) bool {
	return all[0].Attacks[i].Honest.HoursLost > 1.05*all[0].Peace.Honest.HoursLost
}
