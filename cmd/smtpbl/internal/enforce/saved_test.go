package enforce

import (
	"bytes"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

// TestSavedBeforeToldSo expects that whoever waits for a change by hand to be
// written does not go on before the history was tried, and does then, whether
// it could be written or not.
func TestSavedBeforeToldSo(t *testing.T) {
	for name, fail := range map[string]error{"written": nil, "disk full": errors.New("no space left on device")} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.restore()
			b.paper.fail = fail
			if _, err := b.hand(Hand{Add: prefixes("198.51.100.7/32"), For: time.Hour}); err != nil {
				t.Fatal(err)
			}
			tried := b.saver.tried()
			select {
			case <-tried:
				t.Fatal("told before anything was written")
			default:
			}
			b.saver.write()
			<-tried
			if _, ok := b.paper.records[manualKey("198.51.100.7/32")]; ok != (fail == nil) {
				t.Errorf("it stands in the history: %v", ok)
			}
		})
	}
}

// TestByHandWithoutTable lifts bans while somebody has just deleted the table:
// the others must stand again.
func TestByHandWithoutTable(t *testing.T) {
	for name, tt := range map[string]struct {
		hand Hand
		want []string
	}{
		"del":   {Hand{Del: prefixes("198.51.100.7/32")}, []string{"198.51.100.8"}},
		"flush": {Hand{Flush: true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.restore()
			b.decide(decide("198.51.100.7/32", time.Hour), decide("198.51.100.8/32", time.Hour))
			if err := open(t).Delete(); err != nil {
				t.Fatal(err)
			}
			if _, err := b.hand(tt.hand); err != nil {
				t.Fatal(err)
			}
			b.wantStands(tt.want...)
		})
	}
}

// TestAllOfAFlushIsSaved hands over more lifted bans at once than may wait while
// the disk is broken, which it is not: each that was left out would come back.
// On a broken disk new bans are left out, and lifted ones are not.
func TestAllOfAFlushIsSaved(t *testing.T) {
	p := &paper{records: map[nft.Key]store.Record{}}
	var log bytes.Buffer
	s := newSaver(Options{History: p, Log: slog.New(slog.NewTextHandler(&log, nil))}, &healthState{})
	many := make([]store.Record, maxUnsaved+1)
	for i := range many {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		many[i] = store.Record{Prefix: netip.PrefixFrom(addr, 32), Until: time.Now()}
	}
	s.put(many)
	s.write()
	if n := len(p.records); n != len(many) || s.waiting() != 0 {
		t.Errorf("%d records are written and %d wait, want %d and none", n, s.waiting(), len(many))
	}
	p.fail = errors.New("no space left on device")
	s.put(many)
	s.write()
	ban := store.Record{Prefix: netip.MustParsePrefix("198.51.100.7/32"), Until: time.Now().Add(time.Hour)}
	lifted := store.Record{Prefix: netip.MustParsePrefix("198.51.100.8/32"), Until: time.Now()}
	s.put([]store.Record{ban, lifted})
	if n := s.waiting(); n != len(many)+1 {
		t.Errorf("%d records wait, want %d", n, len(many)+1)
	}
	if !strings.Contains(log.String(), "too many bans wait to be written") {
		t.Errorf("that a ban is not remembered is not told: %s", log.String())
	}
}

// TestByHandAllOrNone names a prefix among others that cannot be banned. A ban
// that was to be made longer keeps its end.
func TestByHandAllOrNone(t *testing.T) {
	b := newBench(t)
	b.restore()
	b.ban("198.51.100.6/32", time.Hour)
	if _, err := b.hand(Hand{Add: prefixes("198.51.100.6/32", "198.51.100.7/32", "0.0.0.0/0"), For: 5 * time.Hour}); err == nil {
		t.Fatal("everybody is banned")
	}
	b.wantLeft(map[string]time.Duration{"manual4 198.51.100.6": time.Hour})
}

// TestManyByHandAreLoggedAsOne, because the next ban waits for the lines.
func TestManyByHandAreLoggedAsOne(t *testing.T) {
	b := newBench(t)
	b.restore()
	var many []netip.Prefix
	for i := range namedByHand + 1 {
		many = append(many, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 32))
	}
	if _, err := b.hand(Hand{Add: many, For: time.Hour, Reason: "a list"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.hand(Hand{Flush: true}); err != nil {
		t.Fatal(err)
	}
	b.wantLog(`msg="banned by hand" bans=1001 for=1h0m0s reason="a list"`)
	b.wantLog("msg=unbanned bans=1001 because=flush")
	if n := strings.Count(b.log.String(), "msg=unbanned"); n != 1 {
		t.Errorf("%d lines tell of the flush, want 1", n)
	}
}

// TestAllowWithoutTable changes who is never banned while somebody has just
// deleted the table: it is built again with the new ones.
func TestAllowWithoutTable(t *testing.T) {
	b := newBench(t)
	b.restore()
	b.decide(decide("198.51.100.7/32", time.Hour))
	if err := open(t).Delete(); err != nil {
		t.Fatal(err)
	}
	if err := b.Allow(prefixes("198.51.100.8/32")); err != nil {
		t.Fatal(err)
	}
	b.wantStands("198.51.100.7")
	if _, allowed, err := b.kernel.Lookup(netip.MustParseAddr("198.51.100.8")); err != nil || !allowed {
		t.Errorf("allowed: %v, %v; want it allowed", allowed, err)
	}
}
