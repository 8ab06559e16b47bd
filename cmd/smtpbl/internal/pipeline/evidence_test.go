package pipeline

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/evidence"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/ingest/parse"
	"github.com/smtpbl/smtpbl/policy"
)

// TestABanTakesItsLinesAlong wants the lines that led to a ban, not those that
// came behind it in the same read, and nothing of others.
func TestABanTakesItsLinesAlong(t *testing.T) {
	r, j, stop := run(t, newEngine(), nil, evidence.NewRing(false))
	c := NewCollector(t.Context(), j.Batches(), parse.NewReader(nil), time.UTC)
	for n := range 5 {
		c.Line(&ingest.Line{Text: []byte(failure("198.51.100.7", n)), Arrival: time.Now()})
		c.Line(&ingest.Line{Text: []byte(failure("203.0.113.9", n)[:40]), Arrival: time.Now()})
	}
	c.Line(&ingest.Line{Text: []byte(failure("203.0.113.9", 6)), Arrival: time.Now()})
	c.Done(ingest.Position{Source: "log", Offset: 99})
	settle(t, j)
	var ring []byte
	var seen int
	err := j.Ask(t.Context(), func(*policy.Engine) {
		ring, seen = j.Evidence(netip.MustParseAddr("198.51.100.7"), start.Add(time.Hour))
	})
	if err != nil {
		t.Fatal(err)
	}
	stop()
	if lines, err := evidence.Decode(ring); err != nil || len(lines) != 5 || seen != 5 {
		t.Errorf("the Judge has %d lines, %d seen, %v; want 5", len(lines), seen, err)
	}
	var got []store.Evidence
	for _, w := range r.work {
		if len(w.Evidence) > 0 && len(w.Decisions) > 0 {
			t.Error("a ban waited for its evidence")
		}
		got = append(got, w.Evidence...)
	}
	if len(got) != 1 || got[0].Prefix != netip.MustParsePrefix("198.51.100.7/32") || got[0].Seen != 3 {
		t.Fatalf("evidence %+v, want that of one ban", got)
	}
	lines, err := evidence.Decode(got[0].Lines)
	if err != nil || len(lines) != 3 || lines[2].Text != failure("198.51.100.7", 2) || lines[0].User != "u0" {
		t.Errorf("lines %+v, %v; want the first three", lines, err)
	}
}

// TestWhatIsKeptOfALine is its beginning, with the program's name where the
// source has it apart, and for a report without a line what it tells.
func TestWhatIsKeptOfALine(t *testing.T) {
	_, j, stop := run(t, newEngine(), nil, evidence.NewRing(false))
	c := NewCollector(t.Context(), j.Batches(), parse.NewReader(nil), time.UTC)
	addr := netip.MustParseAddr("198.51.100.7")
	long := "warning: unknown[198.51.100.7]: SASL PLAIN authentication failed: x, sasl_username=" + strings.Repeat("u", 1<<16)
	c.Line(&ingest.Line{Tag: []byte("postfix/smtpd"), PID: []byte("7"), Text: []byte(long), Stamp: start, Arrival: start, Live: true})
	c.Event(&policy.Event{
		Time: start.Add(time.Second), Addr: addr, Kind: policy.AuthFail, Service: policy.Dovecot, Witness: policy.WitnessPolicy,
		Failures: 1, User: []byte("bob"), Mechanism: []byte("PLAIN"), Detail: []byte("credentials"),
	})
	c.Done(ingest.Position{Source: "log"})
	settle(t, j)
	var ring []byte
	err := j.Ask(t.Context(), func(*policy.Engine) { ring, _ = j.Evidence(addr, start.Add(time.Hour)) })
	stop()
	lines, damaged := evidence.Decode(ring)
	if err != nil || damaged != nil || len(lines) != 2 {
		t.Fatalf("%d lines, %v, %v; want 2", len(lines), err, damaged)
	}
	if l := &lines[0]; !strings.HasPrefix(l.Text, "postfix/smtpd[7]: warning: unknown[") || len(l.Text) != evidence.MaxText || len(l.User) != evidence.MaxUser {
		t.Errorf("the long line is kept as %d bytes %.60q with a user of %d", len(l.Text), l.Text, len(l.User))
	}
	if want := "dovecot reports a failed login, user bob, mechanism PLAIN, credentials"; lines[1].Text != want {
		t.Errorf("the report is kept as %q, want %q", lines[1].Text, want)
	}
}

// TestRoomForLines: a batch of long lines has not much more room than they fill,
// since many batches wait in a burst.
func TestRoomForLines(t *testing.T) {
	c := NewCollector(t.Context(), nil, parse.NewReader(nil), time.UTC)
	line := failure("198.51.100.7", 1) + strings.Repeat("x", 400)
	for range 500 {
		c.Line(&ingest.Line{Text: []byte(line), Arrival: time.Now()})
	}
	b := c.current()
	if room := cap(b.text) - len(b.text); len(b.text) < 256<<10 || room > mostGrowth+mostGrowth/8 {
		t.Errorf("%d bytes of text have room for %d more", len(b.text), room)
	}
}

// TestEvidenceIsItsOwn: what is handed on outlives the buffer that it was gathered
// in, which is used again.
func TestEvidenceIsItsOwn(t *testing.T) {
	j := NewJudge(newEngine(), nil, nil, nil, nil)
	j.KeepEvidence(evidence.NewRing(false))
	var bans []policy.Decision
	for n := range 200 {
		a := netip.AddrFrom4([4]byte{10, 0, 0, byte(n)})
		j.evidence.Add(&policy.Event{Addr: a, Time: start, Kind: policy.AuthFail, User: []byte{'u', byte(n)}, Line: make([]byte, 300)})
		bans = append(bans, policy.Decision{Prefix: netip.PrefixFrom(a, 32), At: start, Step: policy.StepHost, Rule: policy.RuleAuthFail})
	}
	for range 2 { // the second time in the same buffer
		found := j.evidenceOf(bans)
		if len(found) != len(bans) {
			t.Fatalf("evidence of %d bans, want %d", len(found), len(bans))
		}
		for i := range found {
			lines, err := evidence.Decode(found[i].Lines)
			if err != nil || len(lines) != 1 || lines[0].User != string([]byte{'u', byte(i)}) || found[i].Prefix != bans[i].Prefix {
				t.Fatalf("ban %d: %+v, %v", i, lines, err)
			}
		}
		clear(j.scratch[:cap(j.scratch)])
		if lines, err := evidence.Decode(found[0].Lines); err != nil || len(lines) != 1 {
			t.Errorf("what was handed on changed with the buffer: %+v, %v", lines, err)
		}
	}
}
