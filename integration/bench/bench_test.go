package main

import (
	"bytes"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestRace lets a small race be run for real, with what the machine has.
func TestRace(t *testing.T) {
	smtpbl := filepath.Join(t.TempDir(), "smtpbl")
	if out, err := exec.Command("go", "build", "-o", smtpbl, "github.com/smtpbl/smtpbl/cmd/smtpbl").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Setenv("TMPDIR", t.TempDir())
	var out bytes.Buffer
	if err := bench(t.Context(), options{lines: 200_000, runs: 2, slow: time.Nanosecond, smtpbl: smtpbl}, &out); err != nil {
		t.Fatal(err)
	}
	// A third of 200,000 lines makes thousands of the 18,000 IPv4 clients fail
	// five times.
	for _, want := range []string{`smtpbl scan +1 `, `wc -l +1 `, `shell pipeline +1 `, `to block are [1-9]\d{3} IPv4 addresses`} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestNoSpace(t *testing.T) {
	err := spaceFor(t.TempDir(), 1<<50)
	if err == nil || !strings.Contains(err.Error(), "-lines") {
		t.Errorf("got %v, want an error that says what to do", err)
	}
}

// TestPipeline compares the scripts' pipeline with what its log was made of.
func TestPipeline(t *testing.T) {
	var log strings.Builder
	fail := func(addr string, times int) {
		for range times {
			log.WriteString("mx1 postfix/smtpd[1]: warning: unknown[" + addr + "]: SASL LOGIN authentication failed: x\n")
		}
	}
	for _, host := range []string{"1", "2", "3", "4", "5"} {
		fail("192.0.2."+host, 5)
	}
	fail("198.51.100.1", 6)
	fail("198.51.100.2", 4)
	fail("2001:db8::1", 3)
	fail("2001:db8::2", 2)
	got := runPipeline(t, log.String())
	want := answer{
		hosts: prefixes("192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32", "192.0.2.4/32", "192.0.2.5/32", "198.51.100.1/32"),
		nets:  prefixes("192.0.2.0/24"),
	}
	if diff := cmp.Diff(want, got, compareAnswers); diff != "" {
		t.Error(diff)
	}
}

func runPipeline(t *testing.T, log string) answer {
	t.Helper()
	name := filepath.Join(t.TempDir(), "mail.log")
	if err := os.WriteFile(name, []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("sh", "-c", pipeline, "sh", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "2001:db8::1 3\n") || strings.Contains(string(out), "2001:db8::2") {
		t.Errorf("IPv6 counted wrongly:\n%s", out)
	}
	a, err := pipelineAnswer(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestPinned asks a child on which cores it may run.
func TestPinned(t *testing.T) {
	core, err := lastCore()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command("nproc")
	cmd.Stdout = &out
	r := race{core: core}
	if err := r.startPinned(cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || out.String() != "1\n" {
		t.Errorf("nproc says %q, %v; want 1", out.String(), err)
	}
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(os.Getpid(), &set); err != nil || !set.IsSet(core) {
		t.Errorf("the program's own cores are %v, %v", set, err)
	}
}

func prefixes(texts ...string) map[netip.Prefix]bool {
	m := map[netip.Prefix]bool{}
	for _, text := range texts {
		m[netip.MustParsePrefix(text)] = true
	}
	return m
}
