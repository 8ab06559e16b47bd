package pipeline

import (
	"context"
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
