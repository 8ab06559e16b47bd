// Command exec runs a compiled test in a virtual machine: it is what to give to
// "go test -exec".
//
//	sudo CGO_ENABLED=0 go test -p 1 -exec "go run github.com/smtpbl/smtpbl/scripts/vm-test/exec -row bookworm:6.1" ./nft ./integration
//
// Each package gets a machine of its own.
package main

import (
	"context"
	"debug/elf"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/gotest"
	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/rig"
)

func main() {
	// A second signal ends at once; the machine dies with this program.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	code, err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "vm-test:", err)
	}
	if err != nil && code <= 0 {
		code = 1
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (int, error) {
	flags := flag.NewFlagSet("exec", flag.ContinueOnError)
	flags.SetOutput(stderr)
	row := flags.String("row", "bookworm:6.1", "the `SUITE:KERNEL` to run on")
	if err := flags.Parse(args); err != nil {
		return 2, nil //nolint:nilerr // flags has said it
	}
	if flags.NArg() == 0 {
		return 2, errors.New("which test? go test -exec names it")
	}
	r, err := rig.ParseRow(*row)
	if err != nil {
		return 2, err
	}
	say := func(format string, args ...any) { fmt.Fprintf(stderr, "# "+format+"\n", args...) }
	test, err := theTest(ctx, flags.Args())
	if err != nil {
		return 1, err
	}
	return onMachine(ctx, r, test, stdout, say)
}

// theTest describes the test that go test started in its package's folder.
func theTest(ctx context.Context, argv []string) (gotest.Test, error) {
	module, err := gotest.Module(ctx)
	if err != nil {
		return gotest.Test{}, err
	}
	wd, err := os.Getwd()
	if err != nil {
		return gotest.Test{}, err
	}
	if err = checkStatic(argv[0]); err != nil {
		return gotest.Test{}, err
	}
	dir, err := filepath.Rel(module, wd)
	t := gotest.Test{Binary: gotest.Binary{Path: argv[0], Dir: dir}, Module: module, Deadline: time.Hour}
	for _, a := range argv[1:] {
		// Where go test wants to be told what the test read, which it is for
		// results that are kept: none of these is.
		if !strings.HasPrefix(a, "-test.testlogfile=") {
			t.Args = append(t.Args, a)
		}
	}
	return t, err
}

// checkStatic refuses a test that wants a C library: the guest's may be older.
func checkStatic(file string) error {
	f, err := elf.Open(file)
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	defer func() { _ = f.Close() }()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("the test needs a C library, and the guest's may be older: set CGO_ENABLED=0")
		}
	}
	return nil
}

func onMachine(ctx context.Context, row rig.Row, t gotest.Test, stdout io.Writer, say func(string, ...any)) (int, error) {
	r, err := rig.Open(ctx, filepath.Join(os.TempDir(), "smtpbl-vm-failed"), say)
	if err != nil {
		return 1, err
	}
	defer func() { _ = r.Close() }()
	if strings.HasPrefix(t.Dir, "integration") {
		if t.Program, err = r.Program(ctx, t.Module); err != nil {
			return 1, err
		}
	}
	m, err := r.Machine(ctx, row, row.String())
	if err != nil {
		return 1, err
	}
	defer func() { _ = m.Close() }()
	if err = m.Start(ctx); err != nil {
		return 1, err
	}
	say("%s, Linux %s, answers after %.0f s", m.Name(), m.Kernel.Version, m.Boot().Seconds())
	if err = m.Settled(ctx); err != nil {
		return 1, err
	}
	return gotest.Run(ctx, m.VM, t, stdout)
}
