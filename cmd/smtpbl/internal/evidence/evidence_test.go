package evidence

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/policy"
)

var start = time.UnixMilli(1_700_000_000_000)

func addr4(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

// event is the n-th failure of an address.
func event(a netip.Addr, n int) *policy.Event {
	return &policy.Event{
		Time: start.Add(time.Duration(n) * time.Second), Addr: a, Kind: policy.AuthFail, Service: policy.Postfix,
		Protocol: policy.SMTP, Failures: 1, User: []byte("alice"), Line: fmt.Appendf(nil, "%s fails for time %d", a, n),
	}
}

const roomy = 1 << 20

// last returns the lines of an address.
func last(t *testing.T, r *Ring, a netip.Addr, at time.Time) ([]Line, int) {
	t.Helper()
	b, seen := r.Last(nil, a, at, roomy)
	lines, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	return lines, seen
}

func TestWhatIsAddedComesBack(t *testing.T) {
	r := NewRing(false)
	a := netip.MustParseAddr("198.51.100.7")
	r.Add(event(a, 1))
	r.Add(event(addr4(1), 2))
	r.Add(event(netip.MustParseAddr("::ffff:198.51.100.7"), 3))
	got, seen := last(t, r, a, start.Add(time.Hour))
	want := []Line{
		{At: start.Add(time.Second), Service: policy.Postfix, Protocol: policy.SMTP, Kind: policy.AuthFail, Failures: 1, User: "alice", Text: "198.51.100.7 fails for time 1"},
		{At: start.Add(3 * time.Second), Service: policy.Postfix, Protocol: policy.SMTP, Kind: policy.AuthFail, Failures: 1, User: "alice", Text: "::ffff:198.51.100.7 fails for time 3"},
	}
	if diff := cmp.Diff(want, got); diff != "" || seen != 2 {
		t.Errorf("%d seen, lines (-want +got):\n%s", seen, diff)
	}
	if got, _ := last(t, r, a, start.Add(2*time.Second)); len(got) != 1 {
		t.Errorf("%d lines until the first, want 1", len(got))
	}
	if got, seen := last(t, r, addr4(9), start.Add(time.Hour)); len(got) != 0 || seen != 0 {
		t.Errorf("of a stranger: %v, %d", got, seen)
	}
}

// TestHostsOfOneNet64 are one key, as they are for the Engine.
func TestHostsOfOneNet64(t *testing.T) {
	r := NewRing(false)
	r.Add(event(netip.MustParseAddr("2001:db8::1"), 1))
	r.Add(event(netip.MustParseAddr("2001:db8::2"), 2))
	r.Add(event(netip.MustParseAddr("2001:db8:0:1::2"), 3))
	if got, _ := last(t, r, netip.MustParseAddr("2001:db8::3"), start.Add(time.Hour)); len(got) != 2 {
		t.Errorf("%d lines of the /64, want 2", len(got))
	}
}

func TestWhatCounts(t *testing.T) {
	events := map[string]policy.Event{
		"a failure":                   {Kind: policy.AuthFail},
		"a summary with failures":     {Kind: policy.Session, Failures: 2},
		"a summary without":           {Kind: policy.Session, Successes: 2},
		"a login":                     {Kind: policy.AuthOK},
		"a fault of our own":          {Kind: policy.BackendFault},
		"abuse":                       {Kind: policy.Abuse},
		"nothing that a parser makes": {},
	}
	for _, abuse := range []bool{false, true} {
		for name, ev := range events {
			r := NewRing(abuse)
			ev.Addr, ev.Time = addr4(1), start
			r.Add(&ev)
			got, _ := last(t, r, addr4(1), start)
			want := name == "a failure" || name == "a summary with failures" || name == "abuse" && abuse
			if (len(got) == 1) != want {
				t.Errorf("%s, abuse counts %v: %d lines, want %v", name, abuse, len(got), want)
			}
		}
	}
}

// TestEventsWithoutALine get a text of what their source told.
func TestEventsWithoutALine(t *testing.T) {
	r := NewRing(true)
	for _, ev := range []policy.Event{
		{Kind: policy.AuthFail, Service: policy.Dovecot, Failures: 1, User: []byte("bob"), Mechanism: []byte("PLAIN"), Detail: []byte("credentials")},
		{Kind: policy.AuthFail, Service: policy.Dovecot, Failures: 3},
		{Kind: policy.Abuse, Service: policy.Postfix, Detail: []byte(strings.Repeat("x", 10_000)), User: []byte(strings.Repeat("u", 1<<20))},
	} {
		ev.Addr, ev.Time = addr4(1), start
		r.Add(&ev)
	}
	got, _ := last(t, r, addr4(1), start)
	if len(got) != 3 {
		t.Fatalf("%d lines, want 3", len(got))
	}
	if want := "dovecot reports a failed login, user bob, mechanism PLAIN, credentials"; got[0].Text != want {
		t.Errorf("got %q, want %q", got[0].Text, want)
	}
	if want := "dovecot reports 3 failed logins"; got[1].Text != want {
		t.Errorf("got %q, want %q", got[1].Text, want)
	}
	if len(got[2].User) != MaxUser || len(got[2].Text) > MaxText {
		t.Errorf("user of %d and text of %d bytes", len(got[2].User), len(got[2].Text))
	}
}

// TestTheRingAgreesWithAList adds ten times what there is room for, and compares
// what is told of each address with what was added last.
func TestTheRingAgreesWithAList(t *testing.T) {
	r := NewRing(false)
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same numbers each time
	all := map[netip.Addr][]string{}
	n := 0
	for added := 0; added < 10*segments*segmentSize; {
		a := addr4(rng.IntN(20) * rng.IntN(1000))
		ev := event(a, n)
		ev.Line = append(ev.Line, strings.Repeat("z", rng.IntN(2*MaxText))...)
		added += len(ev.Line)
		r.Add(ev)
		all[a] = append(all[a], string(ev.Line[:min(len(ev.Line), MaxText)]))
		n++
	}
	full := 0
	for a, texts := range all {
		got, seen := last(t, r, a, start.Add(time.Duration(n)*time.Second))
		if len(got) > len(texts) || seen > len(texts) || seen < len(got) {
			t.Fatalf("%s: %d lines, %d seen of %d added", a, len(got), seen, len(texts))
		}
		for i, want := range texts[len(texts)-len(got):] {
			if got[i].Text != want {
				t.Fatalf("%s: line %d is %q, want %q", a, i, got[i].Text, want)
			}
		}
		if len(got) == Most {
			full++
		}
	}
	if full < 5 {
		t.Errorf("only %d addresses have all the lines that are told", full)
	}
}

func TestLastKeepsToItsSize(t *testing.T) {
	r := NewRing(false)
	for n := range 40 {
		r.Add(event(addr4(1), n))
	}
	one, _ := r.Last(nil, addr4(1), start, roomy)
	b, seen := r.Last(nil, addr4(1), start.Add(time.Hour), 3*(len(one)+4))
	lines, err := Decode(b)
	if err != nil || len(lines) != 3 || seen != 40 || !strings.HasSuffix(lines[2].Text, "time 39") {
		t.Errorf("%d lines in %d bytes, %d seen, %v; want the last 3 of 40", len(lines), len(b), seen, err)
	}
}

func FuzzDecode(f *testing.F) {
	r := NewRing(false)
	for n := range 3 {
		r.Add(event(addr4(1), n))
	}
	b, _ := r.Last(nil, addr4(1), start.Add(time.Hour), roomy)
	f.Add(b)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		lines, _ := Decode(b)
		for i := range lines {
			l := &lines[i]
			again := appendLine(nil, &policy.Event{
				Time: l.At, Kind: l.Kind, Service: l.Service, Protocol: l.Protocol, Failures: l.Failures,
				User: []byte(l.User), Line: []byte(l.Text),
			})
			got, ok := decodeLine(again)
			if !ok || got != *l {
				t.Fatalf("%+v does not survive: %+v, %v", *l, got, ok)
			}
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	r := NewRing(false)
	events := make([]*policy.Event, 1<<14)
	for i := range events {
		events[i] = event(addr4(i), i)
		events[i].Line = append(events[i].Line, strings.Repeat(" as a usual line of a mail log does", 4)...)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		r.Add(events[n%len(events)])
	}
}

func BenchmarkLast(b *testing.B) {
	r := NewRing(false)
	for n := range 1 << 17 {
		r.Add(event(addr4(n%10_000), n))
	}
	var buf []byte
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		buf, _ = r.Last(buf[:0], addr4(n%10_000), start.Add(1<<40), roomy)
	}
}
