package main

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/gotest"
	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/rig"
	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/scenario"
)

func TestParse(t *testing.T) {
	both := []string{"nft", "integration"}
	for args, want := range map[string]options{
		"":                                   {rows: matrix, suites: both, scenario: true},
		"-quick":                             {rows: []rig.Row{quick}, scenario: true, quick: true},
		"-quick -suites nft,integration":     {rows: []rig.Row{quick}, suites: both, scenario: true, quick: true},
		"-check reload -check clock":         {rows: matrix, suites: both, scenario: true, checks: []string{"reload", "clock"}},
		"-row trixie:6.18 -row bookworm:7.2": {rows: []rig.Row{{Suite: "trixie", Kernel: "6.18"}, {Suite: "bookworm", Kernel: "7.2"}}, suites: both, scenario: true},
		"-suites nft -scenario=false -keep":  {rows: matrix, suites: []string{"nft"}, keep: true},
		"-jobs 2":                            {rows: matrix, suites: both, scenario: true, jobs: 2},
	} {
		want.jobs = max(want.jobs, 1)
		got, err := parse(strings.Fields(args), io.Discard)
		if err != nil {
			t.Errorf("%q: %v", args, err)
		}
		got.artefacts = ""
		if d := cmp.Diff(want, got, cmp.AllowUnexported(options{})); d != "" {
			t.Errorf("%q (-want +got): %s", args, d)
		}
	}
	for _, args := range []string{"-row trixie", "-suites unit", "trixie:6.18", "-fast", "-check everything", "-jobs 0", "-suites none -scenario=false"} {
		if o, err := parse(strings.Fields(args), io.Discard); err == nil {
			t.Errorf("%q is understood as %+v", args, o)
		}
	}
}

// TestParts holds that what takes longest comes first, whatever is asked for.
func TestParts(t *testing.T) {
	for args, want := range map[string][]string{
		"":             {"integration", "scenario", "nft"},
		"-suites nft":  {"scenario", "nft"},
		"-suites none": {"scenario"},
		"-suites nft,integration -scenario=false": {"integration", "nft"},
	} {
		o, err := parse(strings.Fields(args), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, (&driver{o: o}).parts()); d != "" {
			t.Errorf("%q (-want +got): %s", args, d)
		}
	}
}

// TestTable has a row of each kind; the blanks between columns do not matter.
func TestTable(t *testing.T) {
	report := scenario.NewReport("bookworm:6.1", io.Discard)
	report.Check("good", true, "")
	report.Check("bad", false, "why")
	machine := result{row: quick, debian: "12.15", kernel: "6.1.0-57", systemd: "252", boot: 12 * time.Second}
	attacked, tested := machine, machine
	attacked.report, attacked.wall, attacked.cpu = report, 60*time.Second, 55*time.Second
	tested.tallies, tested.wall, tested.cpu = map[string]*gotest.Tally{"nft": {Passed: 3, Skipped: []string{"TestA"}}}, 30*time.Second, 25*time.Second
	gone := result{row: rig.Row{Suite: "bullseye", Kernel: "5.10"}, err: errors.New("gone"), skipped: true}
	broken := result{row: rig.Row{Suite: "trixie", Kernel: "6.18"}, err: errors.New("broken")}
	results := []*result{sum([]*result{&tested, &attacked}), sum([]*result{&gone, &gone}), sum([]*result{&broken})}
	var out strings.Builder
	printTable(&out, results)
	var lines []string
	for line := range strings.Lines(out.String()) {
		if fields := strings.Fields(line); len(fields) > 0 {
			lines = append(lines, strings.Join(fields, " "))
		}
	}
	want := []string{
		"row Debian kernel systemd boot scenario nft integration wall CPU",
		"bookworm:6.1 12.15 6.1.0-57 252 12 s 1 ok, 1 FAILED 3 ok, 1 skipped - 90 s 80 s",
		"bullseye:5.10 skipped: not to be had",
		"trixie:6.18 0 s - - - 0 s 0 s",
		"4 passed, 2 failed, 2 skipped",
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Error("table (-want +got):", d)
	}
	for i, bad := range []bool{true, false, true} {
		if results[i].bad() != bad {
			t.Errorf("row %s: bad is %v", results[i].row, !bad)
		}
	}
}

func TestShown(t *testing.T) {
	const log = "=== RUN   TestA\n--- PASS: TestA (0.1s)\n    --- PASS: TestA/case (0.1s)\n--- FAIL: TestB (0.1s)\n    b_test.go:1: wrong\nFAIL\n"
	if got, want := shown(log), "--- FAIL: TestB (0.1s)\n    b_test.go:1: wrong\nFAIL"; got != want {
		t.Errorf("shown %q, want %q", got, want)
	}
}
