package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/ingest/loggen"
	"github.com/smtpbl/smtpbl/policy"
)

// TestScanIsTheSameOnAnyCores wants the same decisions, and the same events of
// the same lines, from one goroutine and from several.
func TestScanIsTheSameOnAnyCores(t *testing.T) {
	var log bytes.Buffer
	c := loggen.Standard(20_000, 0.2)
	c.Clients = 400
	if err := loggen.Write(&log, c); err != nil {
		t.Fatal(err)
	}
	type event struct {
		Line       uint64
		Time       time.Time
		Addr, User string
	}
	read := func(parsers int) (events []event, decided []string) {
		var report scanReport
		j := &judge{engine: newEngine(defaultPolicy(), time.Time{}), banned: report.add}
		s := newScanner(parsers, nil, func(lines []uint64, block []policy.Event) {
			for i := range block {
				ev := &block[i]
				events = append(events, event{lines[i], ev.Time, ev.Addr.String(), string(ev.User)})
			}
			j.block(lines, block)
		})
		if err := s.read(bytes.NewReader(log.Bytes()), c.Start.AddDate(0, 0, 1), time.UTC); err != nil {
			t.Fatal(err)
		}
		for _, b := range report.Bans {
			decided = append(decided, b.Addr+" "+b.At.String()+" "+b.Until.String()+" "+b.Reason)
		}
		return events, decided
	}
	events, decided := read(1)
	if len(events) < 3000 || len(decided) < 100 || events[len(events)-1].Line < 19_000 {
		t.Fatalf("%d events and %d decisions: the log is too tame to compare", len(events), len(decided))
	}
	for _, parsers := range []int{2, 3, 7} {
		e, d := read(parsers)
		if diff := cmp.Diff(events, e); diff != "" {
			t.Errorf("events of %d goroutines (-one +many):\n%.2000s", parsers, diff)
		}
		if diff := cmp.Diff(decided, d); diff != "" {
			t.Errorf("decisions of %d goroutines (-one +many):\n%.2000s", parsers, diff)
		}
	}
}

func defaultPolicy() *config.Policy {
	cfg := config.Default()
	return &cfg.Policy
}
