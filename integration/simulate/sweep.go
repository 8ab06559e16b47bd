package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// tradeOff is what one choice of values gives.
type tradeOff struct {
	AccountNets    int `json:"account_nets"`
	NetAccounts    int `json:"net_accounts"`
	KnownThreshold int `json:"known_threshold"`
	Threshold4     int `json:"threshold4"`
	// Peace is a week without an attack.
	Peace   result   `json:"without_attack"`
	Attacks []result `json:"attacks"`
}

// sweepAttacks are those whose outcome depends on the values.
var sweepAttacks = []string{"spread-100", "spread-all", "patient-20", "spray"}

// sweep plays every combination of values that one might choose.
func sweep(w io.Writer, o options) error {
	var all []tradeOff
	for _, threshold := range []int{5, 10} {
		for _, known := range []int{10, 20, 50} {
			for _, accounts := range []int{5, 10, 20} {
				for _, nets := range []int{3, 5, 8, 12} {
					t := tradeOff{AccountNets: nets, NetAccounts: accounts, KnownThreshold: max(known, threshold+1), Threshold4: threshold}
					t.play(o)
					all = append(all, t)
				}
			}
		}
	}
	if o.json {
		return writeJSON(w, all)
	}
	return printTradeOffs(w, all)
}

func (t *tradeOff) play(o options) {
	c := defaults()
	o.set.apply(&c)
	c.AccountNets, c.NetAccounts, c.KnownThreshold, c.Threshold4 = t.AccountNets, t.NetAccounts, t.KnownThreshold, t.Threshold4
	s := scenario{seed: o.seed, people: village(), botnet: o.botnet, setting: setting{"", c}}
	t.Peace = s.play()
	for _, a := range attacks() {
		if !slices.Contains(sweepAttacks, a.Name) || o.only != "" && o.only != a.Name {
			continue
		}
		s.attack = &a
		t.Attacks = append(t.Attacks, s.play())
	}
}

// printTradeOffs prints a row for each choice. Of people it shows how many are
// kept out and the hours that they lose together.
func printTradeOffs(w io.Writer, all []tradeOff) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "threshold4\tknown_threshold\tnet_accounts\taccount_nets\tno attack: kept out, hours\t")
	for _, r := range all[0].Attacks {
		fmt.Fprintf(t, "%s: get through\tkept out, hours\t", r.Attack)
	}
	fmt.Fprintln(t)
	for _, x := range all {
		fmt.Fprintf(t, "%d\t%d\t%d\t%d\t%s\t", x.Threshold4, x.KnownThreshold, x.NetAccounts, x.AccountNets, lost(&x.Peace))
		for i := range x.Attacks {
			fmt.Fprintf(t, "%d\t%s\t", x.Attacks[i].Siege.Through, lost(&x.Attacks[i]))
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the trade-offs: %w", err)
	}
	return nil
}

func lost(r *result) string { return fmt.Sprintf("%d, %.0f", r.Honest.KeptOut, r.Honest.HoursLost) }
