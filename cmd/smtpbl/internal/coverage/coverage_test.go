package coverage

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/policy"
)

var noon = time.Date(2026, 11, 23, 12, 30, 0, 0, time.UTC)

// clock is a time that tests set.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func failed(p policy.Protocol, at time.Time, n int) *policy.Event {
	return &policy.Event{Time: at, Kind: policy.AuthFail, Protocol: p, Witness: policy.WitnessLogin, Failures: n}
}

func TestDayIsTheLastDay(t *testing.T) {
	clk := &clock{noon}
	c := NewCount([]uint16{25, 465, 587, 143}, clk.now)
	c.Observe(failed(policy.IMAP, noon.Add(-30*time.Hour), 1000)) // history, too old
	c.Observe(failed(policy.IMAP, noon.Add(-23*time.Hour), 1))
	c.Observe(failed(policy.IMAP, noon, 2))
	c.Observe(failed(policy.IMAP, noon.Add(1000*time.Hour), 4)) // a wrong clock: counted now
	c.Observe(failed(policy.POP3, noon, 10))
	c.Observe(failed(policy.SMTP, noon, 20))
	want := map[string]uint64{"imap": 7, "pop3": 10, "sieve": 0}
	if diff := cmp.Diff(want, c.Day()); diff != "" {
		t.Errorf("now (-want +got):\n%s", diff)
	}
	clk.at = noon.Add(2 * time.Hour)
	c.Observe(failed(policy.IMAP, clk.at, 100)) // in the bucket of the failure 25 hours ago
	want["imap"] = 106
	if diff := cmp.Diff(want, c.Day()); diff != "" {
		t.Errorf("two hours later (-want +got):\n%s", diff)
	}
	clk.at = noon.Add(48 * time.Hour)
	if diff := cmp.Diff(map[string]uint64{"imap": 0, "pop3": 0, "sieve": 0}, c.Day()); diff != "" {
		t.Errorf("two days later (-want +got):\n%s", diff)
	}
	clk.at = noon.Add(-48 * time.Hour) // set back
	c.Observe(failed(policy.IMAP, clk.at, 3))
	if got := c.Day()["imap"]; got != 3 {
		t.Errorf("after the clock was set back: %d of the last day, want 3", got)
	}
	if diff := cmp.Diff(map[string]uint64{"smtp": 0, "imap": 1110, "pop3": 10, "sieve": 0}, c.Total()); diff != "" {
		t.Errorf("in all (-want +got):\n%s", diff)
	}
}

func TestWhatIsNotCounted(t *testing.T) {
	c := NewCount([]uint16{25, 465, 587}, (&clock{noon}).now)
	ok, auth, policyReport, unknown := failed(policy.IMAP, noon, 0), failed(policy.IMAP, noon, 1), failed(policy.IMAP, noon, 1), failed(0, noon, 1)
	ok.Kind = policy.AuthOK
	auth.Witness, policyReport.Witness = policy.WitnessPAM, policy.WitnessPolicy
	for _, ev := range []*policy.Event{
		ok, auth, policyReport, unknown, failed(policy.SMTP, noon, 1), failed(policy.IMAP, noon, -1), failed(200, noon, 1),
		{Time: noon, Kind: policy.BackendFault, Protocol: policy.IMAP, Witness: policy.WitnessMTA, Failures: 1},
	} {
		c.Observe(ev)
	}
	if diff := cmp.Diff(map[string]uint64{"smtp": 0, "imap": 0, "pop3": 0, "sieve": 0}, c.Total()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWarning(t *testing.T) {
	mail := []uint16{25, 465, 587}
	for _, test := range []struct {
		name      string
		day       map[string]uint64
		ports     []uint16
		listening []uint16
		want      string
	}{
		{
			"one",
			map[string]uint64{"imap": 1204, "pop3": 0},
			mail, nil,
			"1,204 failed logins of the last 24 h came in at imap, which bans do not cover: ports = [25, 465, 587, 143, 993] in [nft] would",
		},
		{
			"three",
			map[string]uint64{"imap": 1234567, "pop3": 999, "sieve": 1},
			mail, nil,
			"1,234,567 failed logins of the last 24 h came in at imap, 999 at pop3 and 1 at sieve, which bans do not cover: " +
				"ports = [25, 465, 587, 143, 993, 110, 995, 4190] in [nft] would",
		},
		{"none", map[string]uint64{"imap": 0}, mail, nil, ""},
		{"covered", map[string]uint64{"imap": 5}, []uint16{25, 143, 993}, nil, ""},
		{"in part, and the rest is shut", map[string]uint64{"imap": 5}, []uint16{25, 993}, []uint16{993}, ""},
		{
			"in part, and the rest is open",
			map[string]uint64{"smtp": 5},
			[]uint16{25, 465},
			[]uint16{25, 587},
			"5 failed logins of the last 24 h came in at smtp, which bans do not cover: ports = [25, 465, 587] in [nft] would",
		},
	} {
		if got := Warning(test.day, test.ports, set(test.listening)); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
	}
}

func TestNote(t *testing.T) {
	mail := []uint16{25, 465, 587}
	for _, test := range []struct {
		ports, listening []uint16
		want             string
	}{
		{mail, nil, ""},
		{mail, []uint16{22, 25, 587, 80}, ""},
		{[]uint16{25, 143, 993}, []uint16{143, 993, 25}, ""},
		{mail, []uint16{143, 993}, "something listens on 143 and 993 (imap): failed logins there count, but bans do not cover these ports: " +
			"ports = [25, 465, 587, 143, 993] in [nft] would"},
		{[]uint16{25}, []uint16{25, 587, 993, 110, 995}, "something listens on 587 (smtp), 993 (imap) and 110 and 995 (pop3): failed logins there count, " +
			"but bans do not cover these ports: ports = [25, 587, 993, 110, 995] in [nft] would"},
	} {
		if got := Note(test.ports, set(test.listening)); got != test.want {
			t.Errorf("%v, %v:\n got %s\nwant %s", test.ports, test.listening, got, test.want)
		}
	}
}

func set(ports []uint16) map[uint16]bool {
	out := map[uint16]bool{}
	for _, p := range ports {
		out[p] = true
	}
	return out
}
