// Command simulate plays a mail server in virtual time: honest people who log
// in for a week, mistype, share addresses and travel, and attackers of several
// kinds. It drives the policy's Engine directly and shows how many guesses get
// through and who is kept out wrongly. The same seed gives the same figures; it
// needs no root and touches nothing.
//
//	simulate             all attacks, and who is kept out
//	simulate sweep       the same for many values of the policy's keys
//	simulate flood       whether patient attackers are remembered in a flood
//	simulate memory      the memory of the service itself
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// options are the flags.
type options struct {
	seed   uint64
	botnet int
	only   string
	json   bool
	events int
	full   bool
	// set are changes to the setting "with", and to those of a sweep.
	set changes
}

func main() {
	o := options{}
	flag.Uint64Var(&o.seed, "seed", 1, "other figures of the same kind")
	flag.IntVar(&o.botnet, "botnet", 10_000, "addresses of a botnet")
	flag.StringVar(&o.only, "attack", "", "only the attack of this `name`")
	flag.BoolVar(&o.json, "json", false, "print one JSON document")
	flag.IntVar(&o.events, "events", 50_000_000, "events of a flood")
	flag.BoolVar(&o.full, "full", false, "let a sweep play all combinations of four keys")
	flag.Var(&o.set, "set", "a `key=value` of the policy, as in the configuration; several with commas")
	flag.Usage = usage
	mode, args := "", os.Args[1:]
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		mode, args = args[0], args[1:]
	}
	_ = flag.CommandLine.Parse(args) // exits by itself
	run, ok := modes[mode]
	if !ok || flag.NArg() > 0 {
		usage()
		os.Exit(2)
	}
	if err := run(os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "simulate: error:", err)
		os.Exit(1)
	}
}

var modes = map[string]func(io.Writer, options) error{
	"": tables, "sweep": sweep, "flood": floods, "memory": memory,
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: simulate [sweep|flood|memory] [flags]")
	flag.PrintDefaults()
}

// report is all that tables prints.
type report struct {
	Seed    uint64   `json:"seed"`
	Peace   []result `json:"without_attack"`
	Attacks []result `json:"attacks"`
}

// tables plays every attack with every setting.
func tables(w io.Writer, o options) error {
	r := report{Seed: o.seed}
	for _, peace := range []scenario{{}, {hashes: true}, {outage: failing()}} {
		for _, s := range settings(o.set)[:2] {
			peace.seed, peace.people, peace.setting = o.seed, village(), s
			r.Peace = append(r.Peace, peace.play())
		}
	}
	for _, a := range attacks() {
		if o.only != "" && a.Name != o.only {
			continue
		}
		for _, s := range settings(o.set)[:a.settings()] {
			r.Attacks = append(r.Attacks, scenario{seed: o.seed, people: village(), attack: &a, botnet: o.botnet, setting: s}.play())
		}
	}
	if o.json {
		return writeJSON(w, r)
	}
	return r.print(w)
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("print the figures: %w", err)
	}
	return nil
}

func (r *report) print(w io.Writer) error {
	titles := []string{"A week without an attack", "The same, where the server tells hashes of passwords", "The same, with an outage of half an hour"}
	for i, title := range titles {
		fmt.Fprintf(w, "%s\n\n", title)
		if err := printClasses(w, r.Peace[2*i:2*i+2]); err != nil {
			return fmt.Errorf("print the classes: %w", err)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "A week with an attack of three days\n\n")
	if err := printAbout(w); err != nil {
		return fmt.Errorf("print what the attacks are: %w", err)
	}
	if err := printSieges(w, r.Attacks); err != nil {
		return fmt.Errorf("print the attacks: %w", err)
	}
	for i := range r.Attacks {
		if r.Attacks[i].Setting != r.Attacks[0].Setting {
			continue
		}
		fmt.Fprintf(w, "\nWho is kept out in the attack %s\n\n", r.Attacks[i].Attack)
		if err := printClasses(w, r.Attacks[i:i+2]); err != nil {
			return fmt.Errorf("print the classes: %w", err)
		}
	}
	return nil
}
