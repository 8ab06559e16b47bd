package enforce

import (
	"bytes"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

func someEvidence(n int) []store.Evidence {
	list := make([]store.Evidence, n)
	for i := range list {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		list[i].Prefix = netip.PrefixFrom(addr, 32)
	}
	return list
}

// TestEvidenceReachesTheHistory sends it as the Judge does, and waits for a
// while and not for the end.
func TestEvidenceReachesTheHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &paper{records: map[nft.Key]store.Record{}}
		e := New(Options{History: p, Meter: &counts{}, Log: slog.New(slog.DiscardHandler)})
		stop := make(chan struct{})
		done := make(chan struct{})
		go func() { e.saver.run(stop); close(done) }()
		e.take(Work{Evidence: someEvidence(3)})
		time.Sleep(gather + evidenceAfter + time.Millisecond)
		synctest.Wait()
		if len(p.lines) != 3 {
			t.Errorf("%d evidence written, want 3", len(p.lines))
		}
		e.take(Work{Evidence: someEvidence(2)})
		close(stop)
		<-done
		if len(p.lines) != 5 {
			t.Errorf("%d evidence written at the end, want 5", len(p.lines))
		}
	})
}

// TestEvidenceWaitsForBans: on a broken disk the latest is kept, and no more
// than there is room for.
func TestEvidenceWaitsForBans(t *testing.T) {
	p := &paper{records: map[nft.Key]store.Record{}, fail: errors.New("no space left on device")}
	s := newSaver(Options{History: p, Log: slog.New(slog.DiscardHandler)}, &healthState{})
	s.put([]store.Record{{Prefix: netip.MustParsePrefix("10.0.0.0/32"), Until: time.Now()}})
	all := someEvidence(2*maxEvidence + 10)
	s.putEvidence(all[:maxEvidence+10])
	s.putEvidence(all[maxEvidence+10:])
	s.write()
	s.writeEvidence()
	if len(p.lines) != 0 || s.evidence() != maxEvidence {
		t.Fatalf("%d written and %d wait, want none and %d", len(p.lines), s.evidence(), maxEvidence)
	}
	p.fail = nil
	s.write()
	s.writeEvidence()
	if len(p.lines) != maxEvidence || p.lines[0].Prefix != all[maxEvidence+10].Prefix {
		t.Errorf("%d written, want the last %d", len(p.lines), maxEvidence)
	}
}

// TestLongEvidence has less room than its number: names may be long.
func TestLongEvidence(t *testing.T) {
	p := &paper{records: map[nft.Key]store.Record{}, fail: errors.New("no space left on device")}
	s := newSaver(Options{History: p, Log: slog.New(slog.DiscardHandler)}, &healthState{})
	s.put([]store.Record{{Prefix: netip.MustParsePrefix("10.0.0.0/32"), Until: time.Now()}})
	s.write()
	waits := 0
	for range 4 {
		list := someEvidence(maxEvidence / 2)
		for i := range list {
			list[i].Lines = make([]byte, store.MaxEvidence)
		}
		s.putEvidence(list)
		s.writeEvidence()
		waits = max(waits, s.evidence())
	}
	p.fail = nil
	s.write()
	s.writeEvidence()
	if most := maxEvidenceBytes / store.MaxEvidence; len(p.lines) != most || waits > 2*most {
		t.Errorf("%d waited and %d were written, want at most %d and %d", waits, len(p.lines), 2*most, most)
	}
}

// TestEvidenceThatCannotBeWritten is given up and told once; bans are written.
func TestEvidenceThatCannotBeWritten(t *testing.T) {
	p := &paper{records: map[nft.Key]store.Record{}, failLines: errors.New("damaged")}
	var log bytes.Buffer
	s := newSaver(Options{History: p, Log: slog.New(slog.NewTextHandler(&log, nil))}, &healthState{})
	for range 3 {
		s.putEvidence(someEvidence(1))
		s.put([]store.Record{{Prefix: netip.MustParsePrefix("10.0.0.0/32"), Until: time.Now()}})
		s.write()
		s.writeEvidence()
	}
	if n := strings.Count(log.String(), "are not written"); n != 1 || s.evidence() != 0 || s.waiting() != 0 || len(p.records) != 1 {
		t.Errorf("told %d times, %d evidence and %d bans wait; want once and none", n, s.evidence(), s.waiting())
	}
}
