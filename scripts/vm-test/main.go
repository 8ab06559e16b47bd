// Command vm-test tests smtpbl on real Debian systems with Debian's kernels, in
// virtual machines: see README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/image"
	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/rig"
	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/scenario"
)

func main() {
	// A second signal ends at once; the machines die with this program.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	o, err := parse(os.Args[1:], os.Stderr)
	if err != nil {
		os.Exit(2)
	}
	if err = run(ctx, o, os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, errNotAll) {
			fmt.Fprintln(os.Stderr, "vm-test:", err)
		}
		os.Exit(1)
	}
}

// matrix is every row, quick the one that may not be missing.
var (
	matrix = []rig.Row{
		{Suite: "bullseye", Kernel: "5.10"},
		{Suite: "bookworm", Kernel: "6.1"},
		{Suite: "trixie", Kernel: "6.12"},
		{Suite: "trixie", Kernel: "6.18"},
		{Suite: "trixie", Kernel: "newest"},
	}
	quick = rig.Row{Suite: "bookworm", Kernel: "6.1"}
)

// options are the command line's.
type options struct {
	rows      []rig.Row
	suites    []string
	tools     bool
	quick     bool
	scenario  bool
	checks    []string
	shell     bool
	keep      bool
	artefacts string
	jobs      int
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("vm-test", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&o.tools, "tools", false, "only say which packages are missing")
	flags.BoolVar(&o.quick, "quick", false, fmt.Sprintf("only %s with the scenario's main checks, and no Go tests but those of -suites", quick))
	suites := flags.String("suites", "nft,integration", "the `SUITES` of Go tests to run; none for none")
	flags.Func("row", "test this `SUITE:KERNEL`; may be given more than once", func(s string) error {
		r, err := rig.ParseRow(s)
		o.rows = append(o.rows, r)
		return err
	})
	flags.BoolVar(&o.scenario, "scenario", true, "install the package and attack it")
	flags.Func("check", "of the scenario, do this `CHECK` and those that all need; may be given more than once", func(s string) error {
		o.checks = append(o.checks, s)
		return scenario.Known(s)
	})
	flags.BoolVar(&o.shell, "shell", false, "boot the first row and attach to a shell in it; Ctrl-] ends it")
	flags.BoolVar(&o.keep, "keep", false, "keep logs and console of rows that pass, too")
	flags.IntVar(&o.jobs, "jobs", 1, "how many `MACHINES` to run at a time; where that is too many for the processors, tests come closer to their deadlines")
	flags.StringVar(&o.artefacts, "artefacts", os.TempDir()+"/smtpbl-vm", "the `FOLDER` for logs and consoles of rows that fail")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case o.rows != nil:
	case o.quick:
		o.rows = []rig.Row{quick}
	default:
		o.rows = matrix
	}
	set := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { set[f.Name] = true })
	if o.quick && !set["suites"] {
		*suites = "none"
	}
	for s := range strings.SplitSeq(*suites, ",") {
		if s == "none" || s == "" {
			continue
		}
		if packagesOf[s] == nil {
			err := fmt.Errorf("no suite %q; there are nft and integration", s)
			fmt.Fprintln(stderr, "vm-test:", err)
			return o, err
		}
		o.suites = append(o.suites, s)
	}
	var err error
	switch {
	case flags.NArg() > 0:
		err = fmt.Errorf("unknown argument %q", flags.Arg(0))
	case !o.scenario && len(o.suites) == 0 && !o.tools && !o.shell:
		err = errors.New("nothing to do: -suites none and -scenario=false leave nothing")
	case o.jobs < 1:
		err = fmt.Errorf("-jobs is at least 1; got %d", o.jobs)
	}
	if err != nil {
		fmt.Fprintln(stderr, "vm-test:", err)
	}
	return o, err
}

// packagesOf are the folders of a suite's packages.
var packagesOf = map[string][]string{
	"nft":         {"nft", "nft/ufw", "cmd/smtpbl/internal/enforce"},
	"integration": {"integration"},
}

// errNotAll is that not everything passed, which has been said.
var errNotAll = errors.New("not all passed")

func run(ctx context.Context, o options, stdout, stderr io.Writer) error {
	if o.tools {
		return image.CheckTools()
	}
	say := func(format string, args ...any) { fmt.Fprintf(stderr, "# "+format+"\n", args...) }
	r, err := rig.Open(ctx, o.artefacts, say)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	if o.shell {
		return shell(ctx, r, o.rows[0], say)
	}
	d := driver{o: o, rig: r, w: &turns{w: stdout}, say: say}
	if err = d.build(ctx); err != nil {
		return err
	}
	results := d.rows(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	printTable(stdout, results)
	if slices.ContainsFunc(results, (*result).bad) {
		return errNotAll
	}
	return nil
}
