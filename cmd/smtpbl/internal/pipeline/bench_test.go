package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/evidence"
	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/ingest/parse"
	"github.com/smtpbl/smtpbl/metrics"
	"github.com/smtpbl/smtpbl/policy"
)

// discard is a Sink for what is not looked at.
type discard struct{}

func (discard) Send(context.Context, enforce.Work) error { return nil }

// BenchmarkPipeline takes live lines from a Collector through the Judge and
// the metrics. Each is a failed login, and none is decided upon: what a line
// allocates shows.
func BenchmarkPipeline(b *testing.B) {
	const perRead = 64
	lines := make([]ingest.Line, 1<<14)
	for i := range lines {
		a := fmt.Sprintf("10.%d.%d.7", i>>8, i&255)
		lines[i] = ingest.Line{Text: []byte(failure(a, i%60)), Arrival: start, Live: true}
	}
	ctx, cancel := context.WithCancel(b.Context())
	engine := policy.New(policy.Config{Window: time.Hour, Threshold4: 1 << 10, BanTime: time.Hour}, start)
	j := NewJudge(engine, discard{}, metrics.New("test"), nil, slog.New(slog.DiscardHandler))
	j.KeepEvidence(evidence.NewRing(false))
	done := make(chan error, 1)
	go func() { done <- j.Run(ctx) }()
	c := NewCollector(ctx, j.Batches(), parse.NewReader(nil), time.UTC)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		l := &lines[n%len(lines)]
		l.Arrival = start.Add(time.Duration(n) * time.Millisecond)
		c.Line(l)
		if n++; n%perRead == 0 {
			c.Done(ingest.Position{Source: "log", Offset: int64(n)})
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}
