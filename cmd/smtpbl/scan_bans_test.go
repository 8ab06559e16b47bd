package main

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// wholeLines is a terminal on which a bar is drawn between any two writes.
type wholeLines struct {
	t *testing.T
	bytes.Buffer

	writes int
}

func (w *wholeLines) Write(p []byte) (int, error) {
	w.writes++
	if !bytes.HasSuffix(p, []byte("\n")) {
		w.t.Errorf("write %d ends within a line", w.writes)
	}
	return w.Buffer.Write(p)
}

type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

var someBan = policy.Decision{
	Prefix: netip.MustParsePrefix("192.0.2.1/32"), Step: policy.StepHost, Rule: policy.RuleAuthFail,
	At: time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC), Until: time.Date(2026, 11, 23, 19, 0, 0, 0, time.UTC),
	Failures: 5, Over: 90 * time.Second, Rank: 2,
}

func TestBansArePrintedInWholeLines(t *testing.T) {
	const bans = 2000
	out := &wholeLines{t: t}
	p := &banPrinter{out: out}
	for range bans {
		p.add(&someBan)
	}
	if err := p.finish(&scanner{lines: 9000, events: 8000}); err != nil {
		t.Fatal(err)
	}
	want := strings.Repeat("2026-11-23 15:00:00  192.0.2.1  until 2026-11-23 19:00:00  5 failed logins in 1m30s, ban 2\n", bans) +
		"2000 bans from 8000 events in 9000 lines\n"
	if got := out.String(); got != want {
		t.Errorf("got %d bytes, want %d; the end is %q", len(got), len(want), got[max(0, len(got)-200):])
	}
	if out.writes < 3 {
		t.Errorf("%d writes: everything was kept until the end", out.writes)
	}
}

func TestBansThatCannotBePrintedAreAnError(t *testing.T) {
	p := &banPrinter{out: full{}}
	for range 2000 {
		p.add(&someBan)
	}
	if err := p.finish(&scanner{}); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}
