package enforce

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

// again makes an Enforcer over the kernel and the history of an earlier one.
func (b *bench) again(o func(*Options)) *bench {
	b.t.Helper()
	next := *b
	options := Options{
		Kernel: b.kernel, History: b.paper, Meter: b.meter, MaxBans: tableConfig.MaxBans, Keep: 720 * time.Hour,
		Log: slog.New(slog.NewTextHandler(b.log, nil)),
	}
	if o != nil {
		o(&options)
	}
	next.Enforcer = New(options)
	next.restore()
	return &next
}

func newTrialBench(t *testing.T, d time.Duration, records ...store.Record) *bench {
	t.Helper()
	b := newBench(t)
	for _, r := range records {
		b.paper.records[r.Key()] = r
	}
	return b.again(func(o *Options) { o.Try = &Trial{End: time.Now().Add(d)} })
}

// goesOn returns how long the kernel's ban of a prefix goes on.
func (b *bench) goesOn(prefix string) time.Duration {
	b.t.Helper()
	bans, err := b.kernel.Query([]nft.Key{{Prefix: netip.MustParsePrefix(prefix)}})
	if err != nil {
		b.t.Fatal(err)
	}
	if len(bans) == 0 {
		return 0
	}
	return bans[0].Remaining
}

func (b *bench) wantGoesOn(prefix string, want time.Duration) {
	b.t.Helper()
	if got := b.goesOn(prefix); got > want || got < want-30*time.Second {
		b.t.Errorf("%s is banned for %s more, want %s", prefix, got, want)
	}
}

// wantWritten wants the history to know these bans and their rank, and no other.
func (b *bench) wantWritten(want map[string]int) {
	b.t.Helper()
	b.saver.write()
	for p, bans := range want {
		r, ok := b.paper.records[nft.Key{Prefix: netip.MustParsePrefix(p)}]
		if !ok || r.Bans != bans {
			b.t.Errorf("history of %s: %+v, %v; want %d bans", p, r, ok, bans)
		}
	}
	if len(b.paper.records) != len(want) {
		b.t.Errorf("the history knows %d bans, want %d: %v", len(b.paper.records), len(want), b.paper.records)
	}
}

func recorded(prefix string, d time.Duration) store.Record {
	now := time.Now()
	return store.Record{
		Prefix: netip.MustParsePrefix(prefix), Rule: policy.RuleAuthFail, Step: policy.StepHost, Bans: 1,
		At: now.Add(-time.Minute), Until: time.UnixMilli(now.Add(d).UnixMilli()), Reason: "of before",
	}
}

// TestTrial: its bans hold no longer than it lasts and are not written; what
// stood before it, and what is banned by hand meanwhile, is left alone.
func TestTrial(t *testing.T) {
	b := newTrialBench(t, 10*time.Minute, recorded("192.0.2.1/32", time.Hour))
	again := decide("192.0.2.1/32", 2*time.Hour)
	again.Rank = 2
	all := decide("198.51.100.8/32", 4*time.Hour)
	all.Step = policy.StepAll
	b.decide(decide("198.51.100.7/32", 4*time.Hour), decide("198.51.100.8/32", time.Minute), all, again)
	if _, err := b.hand(Hand{Add: prefixes("203.0.113.9/32"), For: time.Hour, Reason: "by hand"}); err != nil {
		t.Fatal(err)
	}
	b.wantGoesOn("198.51.100.7/32", 10*time.Minute)
	b.wantGoesOn("198.51.100.8/32", time.Minute)
	b.wantGoesOn("192.0.2.1/32", time.Hour)
	b.take(Work{Checkpoint: &Checkpoint{Positions: []ingest.Position{{Source: "mail.log"}}}})
	b.saver.write()
	manual := nft.Key{Layer: nft.LayerManual, Prefix: netip.MustParsePrefix("203.0.113.9/32")}
	if _, ok := b.paper.records[manual]; !ok || b.paper.marks != nil {
		t.Errorf("by hand written: %v; read positions %v, want none", ok, b.paper.marks)
	}
	delete(b.paper.records, manual)
	b.wantWritten(map[string]int{"192.0.2.1/32": 1})
	if h := b.Health(); h.TrialBans != 4 || h.TrialEnd.IsZero() {
		t.Errorf("health %+v", h)
	}
	b.wantLog("trial_until=")

	n, was := b.GiveUp()
	if n != 4 || !was {
		t.Errorf("GiveUp() = %d, %v, want four bans", n, was)
	}
	b.wantStands("192.0.2.1", "203.0.113.9")
	b.wantGoesOn("192.0.2.1/32", time.Hour)
	b.wantWritten(map[string]int{"192.0.2.1/32": 1})
	if _, err := b.Confirm(); !errors.Is(err, ErrNoTrial) {
		t.Errorf("confirmed when it was over: %v", err)
	}
	// The Judge still drains.
	b.decide(decide("198.51.100.10/32", time.Hour))
	b.wantStands("192.0.2.1", "203.0.113.9")
}

func TestTrialConfirmed(t *testing.T) {
	b := newTrialBench(t, 10*time.Minute, recorded("192.0.2.1/32", time.Hour))
	again := decide("192.0.2.1/32", 2*time.Hour)
	again.Rank = 2
	b.decide(decide("198.51.100.7/32", 4*time.Hour), again)
	b.take(Work{Checkpoint: &Checkpoint{Positions: []ingest.Position{{Source: "mail.log"}}}})
	n, err := b.Confirm()
	if n != 2 || err != nil {
		t.Errorf("Confirm() = %d, %v, want two bans", n, err)
	}
	b.wantGoesOn("198.51.100.7/32", 4*time.Hour)
	b.wantGoesOn("192.0.2.1/32", 2*time.Hour)
	b.wantWritten(map[string]int{"192.0.2.1/32": 2, "198.51.100.7/32": 1})
	if len(b.paper.marks) != 1 {
		t.Errorf("read positions %v, want those that the trial held back", b.paper.marks)
	}
	if _, was := b.GiveUp(); was {
		t.Error("a trial that was confirmed is given up")
	}
	if _, err := b.Confirm(); !errors.Is(err, ErrNoTrial) {
		t.Errorf("confirmed twice: %v", err)
	}
	// In earnest from now on.
	b.decide(decide("198.51.100.9/32", 4*time.Hour))
	b.wantGoesOn("198.51.100.9/32", 4*time.Hour)
	b.wantWritten(map[string]int{"192.0.2.1/32": 2, "198.51.100.7/32": 1, "198.51.100.9/32": 1})
}

// TestTrialLifted by hand: the address is open, and the history hears of the end
// of what it knew.
func TestTrialLifted(t *testing.T) {
	b := newTrialBench(t, 10*time.Minute, recorded("192.0.2.1/32", time.Hour))
	again := decide("192.0.2.1/32", 2*time.Hour)
	again.Rank = 2
	b.decide(decide("198.51.100.7/32", 4*time.Hour), again)
	if _, err := b.hand(Hand{Del: prefixes("198.51.100.7/32", "192.0.2.1/32")}); err != nil {
		t.Fatal(err)
	}
	b.wantStands()
	b.wantWritten(map[string]int{"192.0.2.1/32": 1})
	if r := b.paper.records[nft.Key{Prefix: netip.MustParsePrefix("192.0.2.1/32")}]; r.Active(time.Now()) {
		t.Errorf("the history would bring back %+v", r)
	}
	if n, err := b.Confirm(); n != 0 || err != nil {
		t.Errorf("Confirm() = %d, %v, want none", n, err)
	}
	b.wantStands()
}

// TestTrialHandedOver to the program's next life, as a reload does.
func TestTrialHandedOver(t *testing.T) {
	b := newTrialBench(t, 10*time.Minute, recorded("192.0.2.1/32", time.Hour))
	b.decide(decide("198.51.100.7/32", 4*time.Hour), decide("192.0.2.1/32", 2*time.Hour))
	b.take(Work{Checkpoint: &Checkpoint{Positions: []ingest.Position{{Source: "mail.log"}}, Window: store.Window{Number: 7, Size: 1, Sum: 2}}})
	data, err := json.Marshal(b.Trial())
	if err != nil {
		t.Fatal(err)
	}
	var handed Trial
	if err := json.Unmarshal(data, &handed); err != nil {
		t.Fatal(err)
	}
	b.saver.write()
	b = b.again(func(o *Options) { o.Try = &handed })
	if r, ok := b.ledger.get(nft.Key{Prefix: netip.MustParsePrefix("198.51.100.7/32")}); !ok || r.Rule != policy.RuleAuthFail || r.Bans != 1 {
		t.Errorf("the ledger has %+v, %v; want the trial's ban", r, ok)
	}
	b.wantGoesOn("198.51.100.7/32", 10*time.Minute)
	b.wantGoesOn("192.0.2.1/32", time.Hour)
	b.wantWritten(map[string]int{"192.0.2.1/32": 1})
	if handed.Mark == nil || handed.Mark.Window != (store.Window{Number: 7, Size: 1, Sum: 2}) {
		t.Errorf("checkpoint %+v", handed.Mark)
	}
	if n, err := b.Confirm(); n != 2 || err != nil {
		t.Errorf("Confirm() = %d, %v, want two bans", n, err)
	}
	b.wantGoesOn("198.51.100.7/32", 4*time.Hour)
	b.wantGoesOn("192.0.2.1/32", 2*time.Hour)
	if len(b.paper.records) != 1 {
		t.Errorf("written before the saver had its turn: %v", b.paper.records)
	}
	b.wantWritten(map[string]int{"192.0.2.1/32": 1, "198.51.100.7/32": 1})
}

// TestTrialHoldsEvidenceBack until it is confirmed, also over a reload, and no
// more of it than may wait for the disk.
func TestTrialHoldsEvidenceBack(t *testing.T) {
	b := newTrialBench(t, 10*time.Minute)
	b.take(Work{Evidence: someEvidence(maxEvidence + 3)})
	b.saver.writeEvidence()
	if n := len(b.paper.lines); n != 0 {
		t.Fatalf("the history has the lines of %d bans that nobody confirmed", n)
	}
	data, err := json.Marshal(b.Trial())
	if err != nil {
		t.Fatal(err)
	}
	var handed Trial
	if err := json.Unmarshal(data, &handed); err != nil {
		t.Fatal(err)
	}
	b = b.again(func(o *Options) { o.Try = &handed })
	b.take(Work{Evidence: someEvidence(1)})
	if _, err := b.Confirm(); err != nil {
		t.Fatal(err)
	}
	b.saver.writeEvidence()
	all := someEvidence(maxEvidence + 3)
	if n := len(b.paper.lines); n != maxEvidence || b.paper.lines[0].Prefix != all[4].Prefix || b.paper.lines[n-1].Prefix != all[0].Prefix {
		t.Errorf("the lines of %d bans are written, want the last %d", n, maxEvidence)
	}
	b.take(Work{Evidence: all[:2]}) // in earnest
	b.saver.writeEvidence()
	if n := len(b.paper.lines); n != maxEvidence+2 {
		t.Errorf("the lines of %d bans are written after the trial, want %d", n, maxEvidence+2)
	}
}

// TestTheKernelEndsATrial, with nobody there to do it.
func TestTheKernelEndsATrial(t *testing.T) {
	b := newTrialBench(t, 300*time.Millisecond)
	b.decide(decide("198.51.100.7/32", 4*time.Hour))
	b.wantStands("198.51.100.7")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for len(b.stands()) > 0 {
		if ctx.Err() != nil {
			t.Fatal("the ban stands")
		}
		time.Sleep(10 * time.Millisecond) // a condition of the kernel, which tells nobody
	}
	if n, was := b.GiveUp(); n != 1 || !was {
		t.Errorf("GiveUp() = %d, %v, want one ban", n, was)
	}
	b.wantWritten(nil)
}
