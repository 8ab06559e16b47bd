package enforce

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

func TestADecisionTakesEffectEverywhere(t *testing.T) {
	b := newBench(t)
	b.restore()
	spared := decide("203.0.113.9/32", time.Hour)
	spared.Refusal = policy.RefusedNeverBan
	over := decide("203.0.113.10/32", -time.Minute)
	b.decide(decide("198.51.100.7/32", time.Hour), spared, over, decide("2001:db8:bad:1::/64", time.Hour))
	b.wantStands("198.51.100.7", "2001:db8:bad:1::/64")
	b.saver.write()
	if _, ok := b.paper.records[nft.Key{Prefix: over.Prefix}]; !ok {
		t.Error("a ban that was over at once is not remembered for the next one")
	}
	want := []string{"refused never_ban", "banned auth_fail host", "banned auth_fail host"}
	if diff := cmp.Diff(want, b.meter.got); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	b.wantLog("msg=banned addr=198.51.100.7")
	b.wantLog("msg=\"not banned\" addr=203.0.113.9 because=never_ban")
	b.publish()
	if h := b.Health(); h.Wanted != 2 || h.Enforced != 2 || len(h.Recent) != 2 {
		t.Errorf("health %+v", h)
	}
}

func TestBanningAgainNeverShortens(t *testing.T) {
	b := newBench(t)
	b.restore()
	b.decide(decide("198.51.100.7/32", 10*time.Hour))
	b.decide(decide("198.51.100.7/32", time.Hour))
	bans, err := b.kernel.Query([]nft.Key{{Prefix: netip.MustParsePrefix("198.51.100.7/32")}})
	if err != nil || len(bans) != 1 || bans[0].Remaining < 9*time.Hour {
		t.Errorf("kernel has %+v, %v; want some ten hours", bans, err)
	}
}

func TestRefusedBansAreRetriedAndNeverReportedAsEnforced(t *testing.T) {
	b := newBench(t)
	b.restore()
	b.kernel.fail = errors.New("no memory today")
	b.decide(decide("198.51.100.7/32", time.Hour))
	b.publish()
	if h := b.Health(); h.Wanted != 1 || h.Enforced != 0 || h.Pending != 1 || h.Kernel == "" {
		t.Errorf("health after the refusal: %+v", h)
	}
	if strings.Contains(b.log.String(), "msg=banned") || len(b.meter.got) != 0 {
		t.Errorf("a refused ban is reported: %v\n%s", b.meter.got, b.log)
	}
	b.look(time.Now()) // too early
	b.kernel.fail = nil
	b.look(time.Now().Add(1100 * time.Millisecond)) // past the back-off, within what ends may differ
	b.wantStands("198.51.100.7")
	b.wantLog("msg=banned addr=198.51.100.7")
	if diff := cmp.Diff([]string{"banned auth_fail host"}, b.meter.got); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	if h := b.Health(); h.Enforced != 1 || h.Pending != 0 || h.Kernel != "" {
		t.Errorf("health after the retry: %+v", h)
	}
}

func TestADeletedTableIsRebuiltWithItsBans(t *testing.T) {
	b := newBench(t)
	b.restore()
	b.decide(decide("198.51.100.7/32", time.Hour), decide("198.51.100.0/24", time.Hour))
	if err := open(t).Delete(); err != nil {
		t.Fatal(err)
	}
	b.look(time.Now())
	b.wantStands("198.51.100.0/24", "198.51.100.7")
	if !slices.Contains(b.meter.got, "healed foreign_change") {
		t.Errorf("the heal is not counted: %v", b.meter.got)
	}
	// The same when the next ban meets a missing table.
	if err := open(t).Delete(); err != nil {
		t.Fatal(err)
	}
	b.decide(decide("198.51.100.8/32", time.Hour))
	b.wantStands("198.51.100.0/24", "198.51.100.7", "198.51.100.8")
}

func TestDriftIsFoundAndRepaired(t *testing.T) {
	b := newBench(t)
	b.restore()
	b.decide(decide("198.51.100.7/32", time.Hour), decide("198.51.100.8/32", time.Hour))
	other := open(t)
	if err := other.Apply([]nft.Change{
		{Prefix: netip.MustParsePrefix("198.51.100.7/32"), Remove: true},
		{Prefix: netip.MustParsePrefix("198.51.100.8/32"), Timeout: time.Minute},
	}); err != nil {
		t.Fatal(err)
	}
	b.look(time.Now())
	b.wantStands("198.51.100.7", "198.51.100.8")
	bans, err := b.kernel.Query([]nft.Key{{Prefix: netip.MustParsePrefix("198.51.100.8/32")}})
	if err != nil || len(bans) != 1 || bans[0].Remaining < 50*time.Minute {
		t.Errorf("a shortened ban was not repaired: %+v, %v", bans, err)
	}
	if h := b.Health(); h.Enforced != 2 || h.CheckedAt.IsZero() {
		t.Errorf("health %+v", h)
	}
}

func TestRestore(t *testing.T) {
	b := newBench(t)
	now := time.Now()
	stranger := open(t)
	if _, err := stranger.Ensure(); err != nil {
		t.Fatal(err)
	}
	if err := stranger.Apply([]nft.Change{
		{Prefix: netip.MustParsePrefix("192.0.2.9/32"), Timeout: time.Hour},        // nobody knows it
		{Prefix: netip.MustParsePrefix("198.51.100.8/32"), Timeout: 3 * time.Hour}, // longer than the history says
	}); err != nil {
		t.Fatal(err)
	}
	if err := stranger.Close(); err != nil {
		t.Fatal(err)
	}
	old := store.Record{Prefix: netip.MustParsePrefix("192.0.2.77/32"), Until: now.Add(-721 * time.Hour), Bans: 1}
	told := b.restore(old,
		store.Record{Prefix: netip.MustParsePrefix("198.51.100.7/32"), Until: now.Add(time.Hour), Bans: 1},
		store.Record{Prefix: netip.MustParsePrefix("198.51.100.8/32"), Until: now.Add(time.Hour), Bans: 1},
		store.Record{Prefix: netip.MustParsePrefix("198.51.100.9/32"), Until: now.Add(-time.Hour), Bans: 1})
	b.wantStands("192.0.2.9", "198.51.100.7", "198.51.100.8")
	if r, _ := b.ledger.get(policyKey("198.51.100.8/32")); r.Until.Sub(now) < 2*time.Hour {
		t.Errorf("adoption shortened a ban to %v", r.Until.Sub(now))
	}
	for _, addr := range []string{"198.51.100.8/32", "198.51.100.9/32", "192.0.2.9/32"} {
		if r, ok := told[policyKey(addr)]; !ok || r.Active(now) == (addr == "198.51.100.9/32") {
			t.Errorf("told of %s: %+v, %v", addr, r, ok)
		}
	}
	if r, _ := b.ledger.get(policyKey("192.0.2.9/32")); r.Reason == "" || r.Bans != 0 {
		t.Errorf("the unknown ban became %+v", r)
	}
	if _, kept := b.paper.records[old.Key()]; kept {
		t.Error("a ban that ended a month ago is still remembered")
	}
}

func TestByHand(t *testing.T) {
	b := newBench(t)
	b.restore()
	out, err := b.hand(Hand{Add: prefixes("203.0.113.0/27", "198.51.100.7/32"), For: time.Hour, Reason: "test"})
	if err != nil || len(out.Changed) != 2 {
		t.Fatalf("add: %+v, %v", out, err)
	}
	out, err = b.hand(Hand{Add: prefixes("198.51.100.7/32"), For: time.Minute})
	if err != nil || len(out.Kept) != 1 {
		t.Errorf("a shorter ban by hand: %+v, %v; want it kept", out, err)
	}
	out, err = b.hand(Hand{Del: prefixes("198.51.100.7/32", "192.0.2.1/32")})
	if err != nil || len(out.Changed) != 1 || len(out.Kept) != 1 {
		t.Errorf("del: %+v, %v", out, err)
	}
	b.wantStands("203.0.113.0/27")
	b.saver.write()
	if r := b.paper.records[manualKey("198.51.100.7/32")]; r.Active(time.Now().Add(time.Second)) {
		t.Error("the history would bring a lifted ban back")
	}
	out, err = b.hand(Hand{Flush: true})
	if err != nil || len(out.Changed) != 1 {
		t.Errorf("flush: %+v, %v", out, err)
	}
	b.wantStands()
}

func TestAFailedChangeByHandChangesNothing(t *testing.T) {
	b := newBench(t)
	b.restore()
	b.kernel.fail = errors.New("no memory today")
	if _, err := b.hand(Hand{Add: prefixes("198.51.100.7/32"), For: time.Hour}); err == nil {
		t.Error("no error")
	}
	if b.ledger.len() != 0 || len(b.pending) != 0 || len(b.paper.records) != 0 {
		t.Error("something is left of a change that failed")
	}
}

func TestAFullDiskLosesNothingThatIsEnforced(t *testing.T) {
	b := newBench(t)
	b.restore()
	b.paper.fail = errors.New("no space left on device")
	b.decide(decide("198.51.100.7/32", time.Hour))
	b.take(Work{Checkpoint: &Checkpoint{Positions: []ingest.Position{{Source: "x", Offset: 1}}}})
	b.saver.write()
	b.wantStands("198.51.100.7")
	b.publish()
	if h := b.Health(); h.Unsaved != 1 || h.History == "" || h.Enforced != 1 {
		t.Errorf("health %+v", h)
	}
	if len(b.paper.marks) != 0 {
		t.Error("a position is remembered before the effects of its lines")
	}
	b.paper.fail = nil
	b.saver.write()
	if _, ok := b.paper.records[policyKey("198.51.100.7/32")]; !ok || b.Health().History != "" {
		t.Error("the ban was not written when there was room again")
	}
}

func TestExpiredBansLeaveTheLedger(t *testing.T) {
	b := newBench(t)
	b.restore()
	b.decide(decide("198.51.100.7/32", time.Minute), decide("198.51.100.8/32", time.Hour))
	b.look(time.Now().Add(2 * time.Minute))
	if h := b.Health(); h.Wanted != 1 || h.Active["ban4"] != 1 {
		t.Errorf("health %+v", h)
	}
}

func TestRunGroupsWorkAndKeepsItsOrder(t *testing.T) {
	b := newBench(t)
	b.restore()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- b.Run(ctx) }()
	last := make(chan int, 1)
	for i := range 300 {
		addr := netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), 32)
		if err := b.Send(ctx, Work{Decisions: []policy.Decision{decide(addr.String(), time.Hour)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Send(ctx, Work{Do: func(e *Enforcer) { last <- len(e.Records(nil)) }}); err != nil {
		t.Fatal(err)
	}
	if n := <-last; n != 300 {
		t.Errorf("a question saw %d of the 300 bans sent before it", n)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := len(b.stands()); n != 300 {
		t.Errorf("%d bans stand, want 300", n)
	}
}

func TestADryRunTouchesNothing(t *testing.T) {
	var log bytes.Buffer
	meter := &counts{}
	e := New(Options{Meter: meter, Log: slog.New(slog.NewTextHandler(&log, nil)), Keep: time.Hour})
	if err := e.Restore(nil, func(*store.Record) {}); err != nil {
		t.Fatal(err)
	}
	e.take(Work{Decisions: []policy.Decision{decide("198.51.100.7/32", time.Hour)}})
	e.look(time.Now())
	if !strings.Contains(log.String(), "would ban") || strings.Contains(log.String(), "msg=banned") {
		t.Errorf("log:\n%s", log.String())
	}
}

// hunted is Sessions that remembers.
type hunted struct{ got, all chan []netip.Prefix }

func (h *hunted) Kill(p []netip.Prefix) (int, error)    { h.got <- p; return len(p), nil }
func (h *hunted) KillAll(p []netip.Prefix) (int, error) { h.all <- p; return len(p), nil }
func (h *hunted) SetAllow([]netip.Prefix) error         { return nil }

func TestOpenConnectionsOfTheBannedAreEnded(t *testing.T) {
	b := newBench(t)
	h := &hunted{got: make(chan []netip.Prefix, 1), all: make(chan []netip.Prefix, 1)}
	b.killer.sessions = h
	b.restore()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- b.Run(ctx) }()
	spared := decide("203.0.113.9/32", time.Hour)
	spared.Refusal = policy.RefusedOwn
	w := Work{Decisions: []policy.Decision{spared, decide("198.51.100.7/32", time.Hour), everywhere("198.51.100.8/32", time.Hour)}}
	if err := b.Send(ctx, w); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(prefixes("198.51.100.7/32"), <-h.got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("ended the connections of (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(prefixes("198.51.100.8/32"), <-h.all, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("ended all connections of (-want +got):\n%s", diff)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
