package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
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

// alike is a log and a policy that scan and run must decide alike by.
type alike struct {
	name   string
	log    loggen.Config
	policy func(p *config.Policy)
	// causes are what must be among the decisions, or the log is too tame.
	causes []string
}

var alikes = []alike{
	{
		name: "failures", log: strangers(30_000, 900), policy: func(*config.Policy) {},
		causes: []string{"soft auth_fail", "host auth_fail"},
	},
	{
		name: "everything", log: everything(40_000, 900),
		policy: func(p *config.Policy) {
			p.Threshold4, p.AllPorts4, p.SoftThreshold4, p.CountAbuse = 5, 7, 3, true
			p.Honeypots, p.AccountNets, p.NetAccounts = []string{"admin"}, 8, 8
			p.BanTime, p.NetTime, p.AllPortsTime, p.OutageFaults = time.Hour, time.Hour, 2*time.Hour, 5
		},
		causes: []string{
			"soft auth_fail", "host auth_fail", "host honeypot", "host account", "host spray", "all persist", "net net", "never_ban",
		},
	},
}

func strangers(lines, clients int) loggen.Config {
	c := loggen.Standard(lines, 0.2)
	c.Clients = clients
	return c
}

// everything is a log of a day and more, with whole seconds between its lines.
func everything(lines, clients int) loggen.Config {
	c := loggen.Standard(lines, 0.4)
	c.Clients, c.Mixed, c.Step = clients, true, 3*time.Second
	return c
}

// TestScanAndRunDecideAlike feeds one log to scan and, as history, to what
// the service is made of, and wants the same decisions.
func TestScanAndRunDecideAlike(t *testing.T) {
	for _, c := range alikes {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			if err := loggen.Write(&log, c.log); err != nil {
				t.Fatal(err)
			}
			ref := c.log.Start.Add(time.Duration(c.log.Lines) * c.log.Step)
			p := defaultPolicy()
			c.policy(p)
			scanned := scanAll(t, p, log.Bytes(), ref)
			served := serveAll(t, p, log.Bytes())
			wantCauses(t, scanned, c.causes)
			if diff := cmp.Diff(scanned, served, sameDecision); diff != "" {
				t.Errorf("decisions (-scan +run):\n%.4000s", diff)
			}
		})
	}
}

var sameDecision = cmp.Comparer(func(a, b policy.Decision) bool {
	return a.Prefix == b.Prefix && a.Step == b.Step && a.Rule == b.Rule && a.Refusal == b.Refusal &&
		a.At.Equal(b.At) && a.Until.Equal(b.Until) && a.Failures == b.Failures && a.Abuses == b.Abuses &&
		a.Over == b.Over && a.Rank == b.Rank
})

// wantCauses wants each step, rule and refusal among the decisions.
func wantCauses(t *testing.T, decisions []policy.Decision, causes []string) {
	t.Helper()
	if len(decisions) < 100 {
		t.Fatalf("only %d decisions: the log is too tame to compare", len(decisions))
	}
	found := map[string]int{}
	for i := range decisions {
		d := &decisions[i]
		if d.Refusal != "" {
			found[string(d.Refusal)]++
			continue
		}
		found[string(d.Step)+" "+string(d.Rule)]++
	}
	for _, cause := range causes {
		if found[cause] == 0 {
			t.Errorf("no decision is %q: the log is too tame to compare (%v)", cause, found)
		}
	}
}

// TestKnownUsersAndOutagesMatter wants the log of TestScanAndRunDecideAlike to
// depend on both, so that the test there says something about them.
func TestKnownUsersAndOutagesMatter(t *testing.T) {
	c := alikes[1]
	var log bytes.Buffer
	if err := loggen.Write(&log, c.log); err != nil {
		t.Fatal(err)
	}
	ref := c.log.Start.Add(time.Duration(c.log.Lines) * c.log.Step)
	decide := func(change func(*config.Policy)) []policy.Decision {
		p := defaultPolicy()
		c.policy(p)
		change(p)
		return scanAll(t, p, log.Bytes(), ref)
	}
	all := decide(func(*config.Policy) {})
	for what, change := range map[string]func(*config.Policy){
		"known users": func(p *config.Policy) { p.KnownThreshold = 0 },
		"outages":     func(p *config.Policy) { p.OutageFaults = 0 },
	} {
		if cmp.Equal(all, decide(change), sameDecision) {
			t.Errorf("%s make no difference", what)
		}
	}
}

// spared is one of the nets that mixed logs have.
var spared = []policy.Exemption{{Prefix: netip.MustParsePrefix("198.51.100.0/30"), Refusal: policy.RefusedNeverBan}}

func scanAll(t *testing.T, p *config.Policy, log []byte, ref time.Time) []policy.Decision {
	t.Helper()
	var got []policy.Decision
	j := &judge{engine: newEngine(p, time.Time{}), banned: func(*policy.Decision) {}}
	j.engine.SetExempt(spared)
	s := newScanner(parsers(), nil, func(lines []uint64, events []policy.Event) {
		j.block(lines, events)
		got = append(got, j.decisions...)
	})
	if err := s.read(bytes.NewReader(log), ref, time.UTC); err != nil {
		t.Fatal(err)
	}
	return got
}

func serveAll(t *testing.T, p *config.Policy, log []byte) []policy.Decision {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var got sink
	engine := newEngine(p, time.Now())
	engine.SetExempt(spared)
	judge := pipeline.NewJudge(engine, &got, metrics.New("test"), nil, slog.New(slog.DiscardHandler))
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
