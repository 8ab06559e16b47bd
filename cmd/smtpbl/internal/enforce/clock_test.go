package enforce

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

// running is an Enforcer at work on a Fake, in a bubble where time is free.
type running struct {
	*Enforcer
	t      *testing.T
	kernel *nft.Fake
	meter  *counts
	stop   func()
}

// run starts it. A table that is protected is not looked at every second.
func run(t *testing.T, protect bool) *running {
	t.Helper()
	cfg := tableConfig
	cfg.Protect = protect
	r := &running{t: t, kernel: nft.NewFake(time.Now), meter: &counts{}}
	table, err := nft.Open(cfg, nft.WithFake(r.kernel))
	if err != nil {
		t.Fatal(err)
	}
	r.Enforcer = New(Options{
		Kernel: table, History: &paper{records: map[nft.Key]store.Record{}}, Meter: r.meter,
		MaxBans: tableConfig.MaxBans, Keep: 720 * time.Hour, Log: slog.New(slog.DiscardHandler),
	})
	if err := r.Restore(nil, func(*store.Record) {}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	r.stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = table.Close()
	}
	return r
}

func (r *running) decide(ds ...policy.Decision) {
	r.t.Helper()
	if err := r.Send(r.t.Context(), Work{Decisions: ds, ReadAt: time.Now()}); err != nil {
		r.t.Fatal(err)
	}
}

// wantDropped waits for a time and looks what becomes of a packet then.
func (r *running) wantDropped(after time.Duration, addr string, want bool) {
	r.t.Helper()
	time.Sleep(after)
	synctest.Wait()
	if got := !r.kernel.Verdict(netip.MustParseAddr(addr), 25); got != want {
		r.t.Errorf("%v later a packet from %s is dropped: %v, want %v", after, addr, got, want)
	}
}

// TestBackOffDoubles has the kernel refuse a ban twelve times. The pauses are 2 ms
// and each twice as long as the one before, together 8.19 s.
func TestBackOffDoubles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, true)
		defer r.stop()
		r.kernel.RefuseCommits(12, syscall.ENOMEM)
		r.decide(decide("198.51.100.7/32", time.Hour))
		r.wantDropped(8*time.Second, "198.51.100.7", false)
		if h := r.Health(); h.Pending != 1 || h.Enforced != 0 || h.Kernel == "" {
			t.Errorf("health while the kernel refuses: %+v", h)
		}
		r.wantDropped(time.Second, "198.51.100.7", true)
		if h := r.Health(); h.Pending != 0 || h.Enforced != 1 || h.Kernel != "" {
			t.Errorf("health after the retry: %+v", h)
		}
	})
}

// TestALongBanEndsByItself lets a day pass.
func TestALongBanEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, true)
		r.decide(decide("198.51.100.7/32", 24*time.Hour), decide("198.51.100.8/32", time.Hour))
		r.wantDropped(time.Second, "198.51.100.8", true)
		r.wantDropped(time.Hour, "198.51.100.8", false)
		r.wantDropped(22*time.Hour, "198.51.100.7", true)
		if h := r.Health(); h.Wanted != 1 || h.Enforced != 1 {
			t.Errorf("health before the end: %+v", h)
		}
		r.wantDropped(2*time.Hour, "198.51.100.7", false)
		if h := r.Health(); h.Wanted != 0 {
			t.Errorf("health after the end: %+v", h)
		}
		r.stop()
		if n := len(slices.DeleteFunc(r.meter.got, func(s string) bool { return s != "unbanned expired" })); n != 2 {
			t.Errorf("%d bans are counted as ended, want 2", n)
		}
	})
}

// TestAForeignFlushIsHealed without a watcher: within the second in which the
// Enforcer looks.
func TestAForeignFlushIsHealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, false)
		defer r.stop()
		r.decide(decide("198.51.100.7/32", time.Hour))
		r.wantDropped(time.Second, "198.51.100.7", true)
		if err := r.kernel.FlushRuleset(); err != nil {
			t.Fatal(err)
		}
		r.wantDropped(0, "198.51.100.7", false)
		r.wantDropped(2*time.Second, "198.51.100.7", true)
	})
}
