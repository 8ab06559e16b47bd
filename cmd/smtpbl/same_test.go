package main

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/pipeline"
	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/ingest/loggen"
	"github.com/smtpbl/smtpbl/ingest/parse"
	"github.com/smtpbl/smtpbl/metrics"
	"github.com/smtpbl/smtpbl/policy"
)

// sink is where the Judge's decisions end up.
type sink struct {
	mu  sync.Mutex
	got []policy.Decision
}

func (s *sink) Send(_ context.Context, w enforce.Work) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, w.Decisions...)
	return nil
}

// TestScanAndRunDecideAlike feeds one log to scan and, as history, to what
// the service is made of, and wants the same decisions.
func TestScanAndRunDecideAlike(t *testing.T) {
	var log bytes.Buffer
	c := loggen.Standard(30_000, 0.2)
	c.Clients = 900
	if err := loggen.Write(&log, c); err != nil {
		t.Fatal(err)
	}
	ref := c.Start.Add(time.Duration(c.Lines) * c.Step)
	scanned := scanAll(t, log.Bytes(), ref)
	served := serveAll(t, log.Bytes())
	if len(scanned) < 100 {
		t.Fatalf("only %d decisions: the log is too tame to compare", len(scanned))
	}
	if diff := cmp.Diff(scanned, served, cmp.Comparer(func(a, b policy.Decision) bool {
		return a.Prefix == b.Prefix && a.Refusal == b.Refusal && a.At.Equal(b.At) && a.Until.Equal(b.Until) &&
			a.Failures == b.Failures && a.Rank == b.Rank
	})); diff != "" {
		t.Errorf("decisions (-scan +run):\n%s", diff)
	}
}

func scanAll(t *testing.T, log []byte, ref time.Time) []policy.Decision {
	t.Helper()
	var bans []policy.Decision
	j := &judge{
		engine: newEngine(defaultPolicy(), time.Time{}),
		banned: func(d *policy.Decision) { bans = append(bans, *d) },
	}
	if err := newScanner(parsers(), nil, j.block).read(bytes.NewReader(log), ref, time.UTC); err != nil {
		t.Fatal(err)
	}
	return bans
}

func serveAll(t *testing.T, log []byte) []policy.Decision {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var got sink
	judge := pipeline.NewJudge(newEngine(defaultPolicy(), time.Now()), &got, metrics.New("test"), nil, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- judge.Run(ctx) }()
	collector := pipeline.NewCollector(ctx, judge.Batches(), parse.NewReader(nil), time.UTC)
	n := 0
	for line := range bytes.Lines(log) {
		collector.Line(&ingest.Line{Text: bytes.TrimSuffix(line, []byte("\n")), Arrival: time.Now()})
		if n++; n%257 == 0 {
			collector.Done(ingest.Position{Source: "x", Offset: int64(n)})
		}
	}
	collector.Done(ingest.Position{Source: "x"})
	// The Judge takes batches and questions as they come: ask until the last
	// batch was taken, which the answer to a question sent after it shows.
	for judge.Waiting() > 0 {
		if err := judge.Ask(ctx, func(*policy.Engine) {}); err != nil {
			t.Fatal(err)
		}
	}
	if err := judge.Ask(ctx, func(*policy.Engine) {}); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return got.got
}
