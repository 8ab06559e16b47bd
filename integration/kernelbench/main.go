// Command kernelbench measures what smtpbl's table in the kernel costs, beside
// the other means by which addresses are kept out: nft, ipset, and one rule per
// address as scripts write them. All of it happens in network namespaces that
// it makes, and of the machine's own network it touches nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options say how much is measured.
type options struct {
	json  bool
	sizes []int // how many addresses stand, ascending
	// maxRules and maxIntervalCalls are the sizes up to which a rule for each
	// address, and single changes of an interval set, are tried.
	maxRules, maxIntervalCalls int
	variantSize                int           // at which variants are compared
	rounds                     int           // turns of single bans
	spend                      time.Duration // on the single bans of one way
	loads                      int           // turns of bulk loads …
	loadTime                   time.Duration // … unless they take longer than this
	packetRuns                 int           // runs of packets of a kind
	cuts                       int           // connections to cut
	waitSizes                  []int         // bulk loads beside another writer
}

// limit is when a run is given up, whatever the machine does.
const limit = 20 * time.Minute

func fullOptions() options {
	return options{
		sizes: []int{0, 1_000, 10_000, 100_000, 1_000_000}, maxRules: 10_000, maxIntervalCalls: 100_000, variantSize: 100_000,
		rounds: 200, spend: 4 * time.Second, loads: 5, loadTime: 15 * time.Second, packetRuns: 30, cuts: 100,
		waitSizes: []int{100_000, 1_000_000},
	}
}

func quickOptions() options {
	return options{
		sizes: []int{0, 1_000, 10_000}, maxRules: 1_000, maxIntervalCalls: 10_000, variantSize: 10_000,
		rounds: 50, spend: time.Second, loads: 3, loadTime: 3 * time.Second, packetRuns: 15, cuts: 30,
		waitSizes: []int{10_000, 100_000},
	}
}

func main() {
	err := start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "kernelbench: error:", err)
		os.Exit(1)
	}
}

func start() error {
	if len(os.Args) > 1 && os.Args[1] == loadCommand {
		return loadOwn(os.Args[2:])
	}
	quick := flag.Bool("quick", false, "less of everything, in about a minute")
	asJSON := flag.Bool("json", false, "print one JSON document")
	flag.Parse()
	if os.Geteuid() != 0 {
		return errors.New("make network namespaces: only root can, use sudo")
	}
	o := fullOptions()
	if *quick {
		o = quickOptions()
	}
	o.json = *asJSON
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return run(ctx, o, os.Stdout, os.Stderr)
}
