package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/evidence"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/ingest/parse"
	"github.com/smtpbl/smtpbl/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// recorder is a Sink and a Counter that remembers.
type recorder struct {
	mu     sync.Mutex
	work   []enforce.Work
	events map[string]int
}

func (r *recorder) Send(_ context.Context, w enforce.Work) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.work = append(r.work, w)
	return nil
}

func (r *recorder) Events(service, kind string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.events == nil {
		r.events = map[string]int{}
	}
	r.events[service+" "+kind] += n
}

func (r *recorder) Unparsed(service string) { r.Events(service, "unparsed", 1) }

func newEngine() *policy.Engine {
	return policy.New(policy.Config{Window: time.Hour, Threshold4: 3, Threshold6: 2, BanTime: time.Hour, BanTimeMax: 24 * time.Hour}, start)
}

// run runs a Judge until the test calls stop.
func run(t *testing.T, e *policy.Engine, places []ingest.Position, keep ...*evidence.Ring) (r *recorder, j *Judge, stop func()) {
	t.Helper()
	s, _ := history(t, t.TempDir())
	return runOn(t, s, e, places, keep...)
}

// history opens a history, until the test ends.
func history(t *testing.T, dir string) (*store.Store, store.State) {
	t.Helper()
	s, st, setAside, err := store.Open(dir)
	if err != nil || setAside != "" {
		t.Fatal(setAside, err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, st
}

// runOn is run with a history for the windows.
func runOn(t *testing.T, s *store.Store, e *policy.Engine, places []ingest.Position, keep ...*evidence.Ring) (r *recorder, j *Judge, stop func()) {
	t.Helper()
	r = &recorder{}
	j = NewJudge(e, r, r, places, slog.New(slog.DiscardHandler))
	j.Windows = s
	for _, ring := range keep {
		j.KeepEvidence(ring)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- j.Run(ctx) }()
	return r, j, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func failure(addr string, n int) string {
	return fmt.Sprintf("2026-11-23T12:00:%02d.000000+00:00 mx1 postfix/smtpd[7]: warning: unknown[%s]: SASL LOGIN authentication failed: x, sasl_username=u%d", n, addr, n)
}

func settle(t *testing.T, j *Judge) {
	t.Helper()
	for {
		empty := j.Waiting() == 0
		if err := j.Ask(t.Context(), func(*policy.Engine) {}); err != nil {
			t.Fatal(err)
		}
		if empty {
			return
		}
	}
}

func TestLinesBecomeDecisionsAndPositions(t *testing.T) {
	r, j, stop := run(t, newEngine(), []ingest.Position{{Source: "other", Offset: 5}})
	c := NewCollector(t.Context(), j.Batches(), parse.NewReader(nil), time.UTC)
	arrival := time.Now()
	for n := range 3 {
		c.Line(&ingest.Line{Text: []byte(failure("198.51.100.7", n)), Arrival: arrival, Live: true})
		c.Line(&ingest.Line{Text: []byte("no such line"), Arrival: arrival, Live: true})
	}
	c.Done(ingest.Position{Source: "log", Offset: 99})
	settle(t, j)
	if j.Tracked() != 1 {
		t.Errorf("%d addresses tracked, want 1", j.Tracked())
	}
	stop()
	if len(r.work) != 2 {
		t.Fatalf("sent %+v; want the decision and the last checkpoint", r.work)
	}
	d := r.work[0].Decisions
	if len(d) != 1 || d[0].Prefix != netip.MustParsePrefix("198.51.100.7/32") || !d[0].At.Equal(arrival) || !r.work[0].ReadAt.Equal(arrival) {
		t.Errorf("decision %+v read at %v", d, r.work[0].ReadAt)
	}
	places := map[string]int64{}
	for _, p := range r.work[1].Checkpoint.Positions {
		places[p.Source] = p.Offset
	}
	if places["log"] != 99 || places["other"] != 5 {
		t.Errorf("positions %v", places)
	}
	if r.events["postfix auth_fail"] != 3 {
		t.Errorf("counted %v", r.events)
	}
}

// What speaks of a login without its client is counted by itself.
func TestUnreadLinesAreCounted(t *testing.T) {
	r, j, stop := run(t, newEngine(), nil)
	c := NewCollector(t.Context(), j.Batches(), parse.NewReader(nil), time.UTC)
	for _, text := range []string{
		"warning: unknown[unknown]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
		"connect from unknown[unknown]",
	} {
		c.Line(&ingest.Line{Tag: []byte("postfix/smtpd"), PID: []byte("7"), Text: []byte(text), Arrival: time.Now(), Live: true})
	}
	c.Done(ingest.Position{Source: "log"})
	settle(t, j)
	stop()
	if want := map[string]int{"postfix unparsed": 1}; !maps.Equal(r.events, want) {
		t.Errorf("counted %v, want %v", r.events, want)
	}
}

func TestHistoryCountsAtItsOwnStamp(t *testing.T) {
	r, j, stop := run(t, newEngine(), nil)
	c := NewCollector(t.Context(), j.Batches(), parse.NewReader(nil), time.UTC)
	for n := range 3 {
		c.Line(&ingest.Line{Text: []byte(failure("198.51.100.7", n)), Arrival: time.Now()})
	}
	c.Line(&ingest.Line{
		Tag: []byte("postfix/smtpd"), PID: []byte("7"), Stamp: start.Add(time.Minute), Arrival: time.Now(),
		Text: []byte("warning: unknown[2001:db8::1]: SASL PLAIN authentication failed: x, sasl_username=u"),
	})
	c.Done(ingest.Position{Source: "log"})
	settle(t, j)
	stop()
	d := r.work[0].Decisions
	if len(d) != 1 || !d[0].At.Equal(start.Add(2*time.Second)) || !r.work[0].ReadAt.IsZero() {
		t.Errorf("decision %+v, read at %v; want the stamp of the third line and no latency", d, r.work[0].ReadAt)
	}
	if r.events["postfix auth_fail"] != 4 {
		t.Errorf("counted %v", r.events)
	}
}

// TestHistoryIsNotAheadOfTime: a line that is read was written before, whatever
// its stamp says. A ban from a wrong stamp on would hold for years.
func TestHistoryIsNotAheadOfTime(t *testing.T) {
	now := start.Add(time.Second) // of the lines below
	for name, tt := range map[string]struct {
		stamp string
		from  time.Time // of a structured source
		want  time.Time // zero where the line does not count
	}{
		"of the past":         {stamp: "2026-11-23T11:00:00+00:00", want: start.Add(-time.Hour)},
		"of this moment":      {stamp: "2026-11-23T12:00:01+00:00", want: now},
		"another clock's":     {stamp: "2026-11-23T12:10:00+00:00", want: now},
		"another zone's":      {stamp: "2026-11-24T12:00:01+00:00", want: now},
		"of the day after":    {stamp: "2026-11-24T12:00:02+00:00"},
		"of another decade":   {stamp: "2036-11-23T12:00:00+00:00"},
		"of the journal":      {from: start.Add(-time.Minute), want: start.Add(-time.Minute)},
		"the journal's later": {from: start.Add(time.Minute), want: now},
		"the journal's wrong": {from: start.AddDate(10, 0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			c := NewCollector(t.Context(), nil, parse.NewReader(nil), time.UTC)
			c.now = func() time.Time { return now }
			_, rest, _ := strings.Cut(failure("198.51.100.7", 0), " ")
			c.Line(&ingest.Line{Text: []byte(cmp.Or(tt.stamp, "2026-11-23T11:00:00+00:00") + " " + rest), Stamp: tt.from, Arrival: now})
			events := c.current().Events
			if tt.want.IsZero() != (len(events) == 0) || len(events) == 1 && !events[0].Time.Equal(tt.want) {
				t.Errorf("events %v, want one of %v, or none", events, tt.want)
			}
			if unread := c.current().Unread; len(unread)+len(events) != 1 {
				t.Errorf("%d events and %v unread, want one of them", len(events), unread)
			}
		})
	}
}

// TestARestartCountsEachLineOnce stops between any two batches, starts anew
// from the last checkpoint, and wants the same decisions as one long run.
func TestARestartCountsEachLineOnce(t *testing.T) {
	lines := []string{}
	for n := range 8 {
		lines = append(lines, failure("198.51.100.7", n), failure("203.0.113.9", n))
	}
	for cut := range lines {
		dir := t.TempDir()
		banned := map[netip.Prefix]int{}
		for _, part := range [][2]int{{0, cut}, {cut, len(lines)}} {
			e := newEngine()
			for p := range banned {
				Recall(e, &store.Record{Prefix: p, Step: policy.StepHost, Bans: 1, At: start, Until: start.Add(time.Hour)})
			}
			s, st := history(t, dir)
			window, err := s.OpenWindow(&st)
			if err != nil {
				t.Fatal(err)
			}
			at := int64(0)
			if window != nil {
				at = st.Positions[0].Offset
				if err := errors.Join(Restore(e, window), window.Close()); err != nil {
					t.Fatal(err)
				}
			}
			r, j, stop := runOn(t, s, e, nil)
			c := NewCollector(t.Context(), j.Batches(), parse.NewReader(nil), time.UTC)
			for i := int(at); i < part[1]; i++ {
				c.Line(&ingest.Line{Text: []byte(lines[i]), Arrival: time.Now()})
				c.Done(ingest.Position{Source: "log", Offset: int64(i + 1)})
			}
			settle(t, j)
			stop()
			for _, w := range r.work {
				for _, d := range w.Decisions {
					banned[d.Prefix]++
				}
				if w.Checkpoint != nil {
					err = errors.Join(err, s.Checkpoint(w.Checkpoint.Positions, w.Checkpoint.Window))
				}
			}
			if err := errors.Join(err, s.Close()); err != nil {
				t.Fatal(err)
			}
		}
		if len(banned) != 2 || banned[netip.MustParsePrefix("198.51.100.7/32")] != 1 || banned[netip.MustParsePrefix("203.0.113.9/32")] != 1 {
			t.Errorf("cut after %d lines: banned %v, want each once", cut, banned)
		}
	}
}

func TestADamagedWindowIsAnErrorAndAnEmptyEngine(t *testing.T) {
	e := newEngine()
	if err := Restore(e, strings.NewReader("rubbish")); err == nil || e.Tracked() != 0 {
		t.Errorf("Restore: %v with %d tracked; want an error and an empty Engine", err, e.Tracked())
	}
}

// TestWhatCannotBeWritten is told once, tried again, and told when it is well.
func TestWhatCannotBeWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s, _ := history(t, dir)
	r := &recorder{}
	j := NewJudge(newEngine(), r, r, nil, slog.New(slog.DiscardHandler))
	var told []error
	j.Windows, j.Unsaved, j.changed = s, func(err error) { told = append(told, err) }, true
	if err := os.Rename(dir, dir+".gone"); err != nil {
		t.Fatal(err)
	}
	j.checkpoint(t.Context())
	j.checkpoint(t.Context())
	if len(told) != 1 || told[0] == nil || !j.changed || len(r.work) != 0 {
		t.Errorf("told %v, sent %+v; want one error, and that it is tried again", told, r.work)
	}
	if err := os.Rename(dir+".gone", dir); err != nil {
		t.Fatal(err)
	}
	j.checkpoint(t.Context())
	if len(told) != 2 || told[1] != nil || j.changed || len(r.work) != 1 {
		t.Errorf("told %v, sent %+v; want that all is well", told, r.work)
	}
}

// TestWithoutAHistory nothing is written.
func TestWithoutAHistory(t *testing.T) {
	r := &recorder{}
	j := NewJudge(newEngine(), r, r, nil, slog.New(slog.DiscardHandler))
	j.changed = true
	j.checkpoint(t.Context())
	if len(r.work) != 0 {
		t.Errorf("sent %+v", r.work)
	}
}

func TestDoneGivesUpWithTheService(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	full := make(chan *Batch)
	c := NewCollector(ctx, full, parse.NewReader(nil), time.UTC)
	cancel()
	c.Done(ingest.Position{}) // would hang
}
