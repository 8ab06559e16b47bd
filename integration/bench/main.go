// Command bench lets "smtpbl scan" race against other programs that find
// failed logins in a mail log: on the same generated logs, on one and the same
// core, in turns. It also compares what they find, because a race to
// different answers says nothing.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/smtpbl/smtpbl/integration/internal/machine"
)

// options are the flags.
type options struct {
	lines, runs int
	slow        time.Duration
	smtpbl      string
	fetch       bool
}

// shares are the parts of the lines that are failed logins: a quiet day and a
// heavy attack.
var shares = []float64{0.02, 1. / 3}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := bench(ctx, parseFlags(), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: error:", err)
		os.Exit(1)
	}
}

func parseFlags() options {
	var o options
	flag.IntVar(&o.lines, "lines", 2_000_000, "length of each log")
	flag.IntVar(&o.runs, "runs", 5, "runs of each contender")
	flag.DurationVar(&o.slow, "slow", 10*time.Second, "whoever needs longer than this for a log runs once only")
	flag.StringVar(&o.smtpbl, "smtpbl", "bin/smtpbl", "the smtpbl `program`")
	flag.BoolVar(&o.fetch, "fetch", false, "fetch contenders that are not installed as Debian packages into the temporary directory")
	flag.Parse()
	return o
}

// bench makes the logs and races on each. All it writes is below one
// temporary directory, which it removes.
func bench(ctx context.Context, o options, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "smtpbl-bench-")
	if err != nil {
		return fmt.Errorf("make a directory for the logs: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := spaceFor(dir, o.lines); err != nil {
		return err
	}
	field, err := contenders(ctx, dir, o)
	if err != nil {
		return err
	}
	core, err := lastCore()
	if err != nil {
		return err
	}
	r := race{runs: o.runs, slow: o.slow, core: core, dir: dir}
	fmt.Fprintf(out, "%s; every contender on core %d\n", machine.Describe(), core)
	for _, share := range shares {
		log := filepath.Join(dir, "mail.log")
		size, err := makeLog(log, o.lines, share)
		if err != nil {
			return err
		}
		results, err := r.run(ctx, field, log)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "\n%d lines, %d MB, %.0f %% of them failed logins\n\n", o.lines, size/1e6, 100*share)
		if err := printTable(out, results, o.lines); err != nil {
			return err
		}
		if err := compare(out, results); err != nil {
			return err
		}
	}
	return nil
}
