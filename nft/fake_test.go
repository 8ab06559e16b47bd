package nft

import (
	"errors"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// fakeTableOf builds a table on a Fake with the clock of the test's bubble.
func fakeTableOf(t *testing.T, f *Fake, cfg Config) *Table {
	t.Helper()
	table, err := Open(cfg, WithFake(f))
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = table.Close() })
	ensure(t, table)
	return table
}

// TestFakeClock lets days pass: bans end when they should and are counted until
// the next collection.
func TestFakeClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := fakeTableOf(t, NewFake(time.Now), testConfig())
		count := func(want int) {
			t.Helper()
			counts, err := table.Count()
			if err != nil || counts["ban4"] != want {
				t.Errorf("after %v: %v elements (%v), want %d", time.Since(start()), counts, err, want)
			}
		}
		apply(t, table, ban("192.0.2.1/32", 25*time.Second), ban("192.0.2.2/32", 48*time.Hour))
		time.Sleep(25*time.Second - 1)
		if bans := query(t, table.Reader, netip.MustParsePrefix("192.0.2.1/32")); len(bans) != 1 || bans[0].Remaining != time.Millisecond {
			t.Errorf("just before its end: %+v", bans)
		}
		time.Sleep(time.Nanosecond)
		if bans := query(t, table.Reader, netip.MustParsePrefix("192.0.2.1/32")); len(bans) != 0 {
			t.Errorf("at its end: %+v", bans)
		}
		count(2)
		time.Sleep(gcInterval)
		count(1)
		time.Sleep(48 * time.Hour)
		count(0)
	})
}

// start is when the clock of a bubble begins.
func start() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// TestFakeRefusesCommits fails as often as it is told to, without an effect.
func TestFakeRefusesCommits(t *testing.T) {
	t.Parallel()
	f := NewFake(time.Now)
	table := fakeTableOf(t, f, testConfig())
	before, err := table.Generation()
	if err != nil {
		t.Fatal(err)
	}
	f.RefuseCommits(2, unix.ENOMEM)
	for range 2 {
		if err := table.Apply([]Change{ban("192.0.2.0/27", time.Hour)}); !errors.Is(err, unix.ENOMEM) {
			t.Errorf("Apply: %v, want ENOMEM", err)
		}
	}
	if after, err := table.Generation(); err != nil || after != before {
		t.Errorf("generation %d (%v), was %d", after, err, before)
	}
	if got := listed(t, table.Reader); len(got) != 0 {
		t.Errorf("refused bans stand: %v", got)
	}
	wantIntact(t, table, true)
	apply(t, table, ban("192.0.2.0/27", time.Hour))
	if f.Verdict(netip.MustParseAddr("192.0.2.31"), 25) || !f.Verdict(netip.MustParseAddr("192.0.2.32"), 25) {
		t.Error("the ban that was applied at last is not what is enforced")
	}
}

// TestFakeOthers lets an administrator interfere.
func TestFakeOthers(t *testing.T) {
	t.Parallel()
	for _, protect := range []bool{true, false} {
		f := NewFake(time.Now)
		cfg := testConfig()
		cfg.Protect = protect
		table := fakeTableOf(t, f, cfg)
		key := Key{Layer: LayerManual, Prefix: netip.MustParsePrefix("192.0.2.1/32")}
		apply(t, table, Change{Layer: key.Layer, Prefix: key.Prefix, Timeout: time.Hour})
		src := key.Prefix.Addr()
		if err := f.DeleteElement(cfg.Table, key); errors.Is(err, ErrOwned) != protect || err != nil != protect {
			t.Errorf("protected=%v: DeleteElement: %v", protect, err)
		}
		if passes := f.Verdict(src, 25); passes == protect {
			t.Errorf("protected=%v: packet passes=%v after the ban was deleted", protect, passes)
		}
		if err := f.DeleteElement(cfg.Table, Key{Prefix: key.Prefix}); err == nil {
			t.Errorf("protected=%v: a ban that is missing was deleted", protect)
		}
		if err := f.FlushRuleset(); err != nil {
			t.Errorf("FlushRuleset: %v", err)
		}
		wantIntact(t, table, protect)
		if passes := f.Verdict(src, 25); passes == protect {
			t.Errorf("protected=%v: packet passes=%v after the flush", protect, passes)
		}
	}
}

// TestFakeMessages sends what a kernel refuses.
func TestFakeMessages(t *testing.T) {
	t.Parallel()
	f := NewFake(time.Now)
	f.lacks = lacking(t)
	fakeTableOf(t, f, unprotected())
	var compared error
	if !f.lacks.owner { // 5.10 does not compare sets
		compared = unix.EEXIST
	}
	tests := map[string]struct {
		change func(*batch)
		want   error
	}{
		"unknown message": {func(b *batch) { b.message(0x7f, 0); b.seal() }, unix.EINVAL},
		"missing table":   {func(b *batch) { b.flushSet("none", "ban4") }, ErrTableGone},
		"missing set":     {func(b *batch) { b.flushSet("smtpbl", "none") }, ErrTableGone},
		"missing chain":   {func(b *batch) { b.deleteChain("smtpbl", "none") }, ErrTableGone},
		"owner of others": {func(b *batch) { b.table("smtpbl", tableOwner) }, f.lacks.badFlag()},
		"key too long": {func(b *batch) {
			b.elements(unix.NFT_MSG_NEWSETELEM, create, "smtpbl", "ban4", []element{keyed(netip.MustParsePrefix("::/128"))})
		}, unix.EINVAL},
		"timeout": {func(b *batch) {
			el := keyed(netip.MustParsePrefix("192.0.2.1/32"))
			el.timeout = time.Hour
			b.elements(unix.NFT_MSG_NEWSETELEM, create, "smtpbl", setAllow4, []element{el})
		}, unix.EINVAL},
		"overlap": {func(b *batch) {
			for _, p := range []string{"192.0.2.0/24", "192.0.2.7/32"} {
				b.elements(unix.NFT_MSG_NEWSETELEM, create, "smtpbl", setAllow4, intervals([]addrRange{rangeOf(netip.MustParsePrefix(p))}))
			}
		}, unix.EEXIST},
		"another kind of set": {func(b *batch) { b.set("smtpbl", setSpec{name: "ban4", keyType: keyIPv4Addr, keyLen: 4}) }, compared},
		"another hook": {func(b *batch) {
			b.chain("smtpbl", chainSpec{name: chainHook, base: true, hook: unix.NF_INET_LOCAL_IN})
		}, f.lacks.badHook()},
		"rule without set": {func(b *batch) {
			if err := b.rule("smtpbl", chainBlacklist, allowRule(standing[0], "none")); err != nil {
				panic(err)
			}
		}, ErrTableGone},
	}
	kernel := kernelSide(t)
	kernel.destroy = true
	if err := kernel.open(unprotected()); err != nil {
		t.Fatal(err)
	}
	ensure(t, kernel.table)
	fake := &side{t: t, name: "fake", opts: []Option{WithFake(f)}}
	for name, tt := range tests {
		for _, s := range []*side{kernel, fake} {
			if err := s.foreign(tt.change); !errors.Is(err, tt.want) {
				t.Errorf("%s, %s: %v, want %v", name, s.name, err, tt.want)
			}
		}
	}
	// From 7.1 on the policy of the attribute refuses it, with another errno.
	for _, s := range []*side{kernel, fake} {
		if has, err := supported(s.foreign(func(b *batch) { b.table("smtpbl", 0x80) })); has || err != nil {
			t.Errorf("unknown flag, %s: supported %v, %v", s.name, has, err)
		}
	}
	if err := (&fakeSocket{kernel: f}).send([]byte("short")); err == nil {
		t.Error("bytes that are no message were taken")
	}
}

// TestFakeConcurrentUse is for the race detector.
func TestFakeConcurrentUse(t *testing.T) {
	t.Parallel()
	f := NewFake(time.Now)
	table := fakeTableOf(t, f, testConfig())
	var wg sync.WaitGroup
	for _, work := range []func() error{
		func() error { return table.Apply(many(50, time.Hour)) },
		func() error { _, err := table.Bans(); return err },
		func() error { _, err := table.Counters(); return err },
		func() error { _, err := table.Ensure(); return err },
		func() error { f.Verdict(netip.MustParseAddr("10.0.0.1"), 25); return nil },
		f.FlushRuleset,
	} {
		wg.Go(func() {
			for range 30 {
				if err := work(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if f.Verdict(netip.MustParseAddr("10.0.0.1"), 25) {
		t.Error("a packet of a banned address passes")
	}
}

// FuzzFake sends it anything: it answers or refuses, and never fails itself.
func FuzzFake(f *testing.F) {
	for _, change := range []func(*batch){
		func(b *batch) { b.table("smtpbl", 0) },
		func(b *batch) { b.flushSet("smtpbl", "ban4") },
		func(b *batch) { b.elements(unix.NFT_MSG_NEWSETELEM, create, "smtpbl", "ban4", allElements()) },
	} {
		b := newBatch(nil)
		change(b)
		b.acknowledge()
		b.control(unix.NFNL_MSG_BATCH_END)
		f.Add(b.b)
		f.Add(b.b[20:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		kernel := NewFake(time.Now)
		fakeTableOf(t, kernel, testConfig())
		s := kernel.connect()
		_ = s.send(b)
		for {
			if in, err := s.receive(); in == nil || err != nil {
				return
			}
		}
	})
}
