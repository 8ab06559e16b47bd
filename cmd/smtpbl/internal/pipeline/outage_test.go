package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/ingest/parse"
	"github.com/smtpbl/smtpbl/policy"
)

const (
	smtpdSays = "2026-11-23T12:00:00.000000+00:00 mx1 postfix/smtpd[7]: warning: "
	away      = smtpdSays + "SASL: Connect to Dovecot auth socket 'private/auth' failed: Connection refused"
	faulty    = smtpdSays + "unknown[%s]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=(unavailable)"
)

// TestAnOutagePausesCounting lets the mail server's password check fail for
// several clients, and come back without any further line.
func TestAnOutagePausesCounting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := policy.New(policy.Config{Window: time.Hour, Threshold4: 3, BanTime: time.Hour, OutageFaults: 6}, time.Now())
		r := &recorder{}
		j := NewJudge(e, r, r, nil, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = j.Run(ctx) }()
		c := NewCollector(t.Context(), j.Batches(), parse.NewReader(nil), time.UTC)
		send := func(lines ...string) {
			for _, text := range lines {
				c.Line(&ingest.Line{Text: []byte(text), Arrival: time.Now(), Live: true})
			}
			c.Done(ingest.Position{Source: "log"})
			synctest.Wait()
		}
		for i := range 6 {
			send(away, fmt.Sprintf(faulty, fmt.Sprintf("192.0.2.%d", 1+i)))
		}
		if _, paused := j.Paused(); !paused {
			t.Error("six faults of six clients, and failures count")
		}
		for i := range 5 {
			send(failure("198.51.100.7", i))
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if _, paused := j.Paused(); paused || j.Pauses() != 1 {
			t.Errorf("paused %v, %d pauses; want the end of the only one", paused, j.Pauses())
		}
		for i := range 3 {
			send(failure("203.0.113.9", i))
		}
		cancel()
		synctest.Wait()
		decided := 0
		for _, w := range r.work {
			for _, d := range w.Decisions {
				decided++
				if d.Prefix.String() != "203.0.113.9/32" {
					t.Errorf("decided %+v about failures of the outage", d)
				}
			}
		}
		if decided != 1 {
			t.Errorf("%d decisions, want one", decided)
		}
	})
}
