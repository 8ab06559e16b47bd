package pipeline

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/ingest/parse"
)

// TestLargeBatchesAreFew reads a log of failures faster than they are judged: the
// source waits, with room left for others, and goes on with each that is judged.
func TestLargeBatchesAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		out := make(chan *Batch, waiting)
		c := NewCollector(ctx, out, parse.NewReader(nil), time.UTC)
		sent := make(chan int, 2*waiting)
		go func() {
			defer close(sent)
			for n := range 2 * waiting {
				for range largeEvents + 1 {
					c.Line(&ingest.Line{Text: []byte(failure("198.51.100.7", n%60)), Arrival: time.Now(), Live: true})
				}
				if c.Done(ingest.Position{}); ctx.Err() != nil {
					return
				}
				sent <- n
			}
		}()
		for n := largeMost; n < largeMost+20; n++ {
			if synctest.Wait(); len(sent) != n || len(out) != largeMost {
				t.Fatalf("%d batches sent and %d waiting, want %d and %d", len(sent), len(out), n, largeMost)
			}
			(<-out).release()
		}
		cancel()
		synctest.Wait()
		for range sent { // ends with the source
		}
	})
}

// TestLargeBatchesAreForgotten once none is under way.
func TestLargeBatchesAreForgotten(t *testing.T) {
	out := make(chan *Batch, 1)
	c := NewCollector(t.Context(), out, parse.NewReader(nil), time.UTC)
	j := NewJudge(newEngine(), &recorder{}, &recorder{}, nil, slog.New(slog.DiscardHandler))
	take := func() *Batch {
		for range largeEvents + 1 {
			c.Line(&ingest.Line{Text: []byte(failure("198.51.100.7", 1)), Arrival: time.Now(), Live: true})
		}
		c.Done(ingest.Position{})
		return <-out
	}
	one, two := take(), take()
	j.judge(t.Context(), one)
	if j.shed(); len(c.spare) != 1 || len(c.large) != 1 {
		t.Fatalf("%d batches to be used again, %d under way; want one and one", len(c.spare), len(c.large))
	}
	j.judge(t.Context(), two)
	if j.shed(); len(c.spare) != 0 || len(c.large) != 0 || len(j.grown) != 0 {
		t.Errorf("%d batches are kept, %d under way, %d sources known; want none", len(c.spare), len(c.large), len(j.grown))
	}
}
