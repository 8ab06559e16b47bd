package compare

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/policy"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// strict and lenient differ in the threshold and in the length of bans.
func engine(threshold, netHosts int, ban time.Duration) *policy.Engine {
	return policy.New(policy.Config{
		Window: 24 * time.Hour, Threshold4: threshold, Threshold6: threshold, BanTime: ban, BanTimeMax: 24 * time.Hour,
		Net4Hosts: netHosts, Net6Hosts: netHosts,
	}, time.Time{})
}

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

func failures(addr string, minute, n int) []policy.Event {
	var out []policy.Event
	for i := range n {
		out = append(out, policy.Event{
			Time: at(minute), Addr: netip.MustParseAddr(addr), Kind: policy.AuthFail, Witness: policy.WitnessMTA,
			Failures: 1, User: fmt.Appendf(nil, "u%d", i),
		})
	}
	return out
}

func success(addr, user string, minute int) policy.Event {
	return policy.Event{Time: at(minute), Addr: netip.MustParseAddr(addr), Kind: policy.AuthOK, Witness: policy.WitnessMTA, User: []byte(user)}
}

// compared gives each batch to two policies: five failures ban for two hours,
// or three for one.
func compared(batches ...[]policy.Event) *Report {
	c := New(engine(5, 0, 2*time.Hour), engine(3, 2, time.Hour))
	for _, b := range batches {
		c.Observe(b)
	}
	return c.Report(Detail{Kept: true})
}

func addrs(bans []Ban) (out []string) {
	for i := range bans {
		out = append(out, bans[i].Addr)
	}
	return out
}

func TestGainedLostAndKept(t *testing.T) {
	r := compared(
		failures("192.0.2.1", 0, 5),       // both; the new one at the third, at the same time
		failures("198.51.100.7", 10, 3),   // the new one only
		failures("2001:db8::1", 20, 3),    // the new one only, as a /64
		failures("203.0.113.1", 30, 3),    // two of a net: the new one only
		failures("203.0.113.2", 31, 5),    // both
		failures("203.0.113.3", 32, 5),    // the old one by itself, the new one with the net
		failures("192.0.2.1", 90, 3),      // banned again by the new one, while the old ban stands
		failures("198.51.100.99", 100, 2), // nobody
	)
	if diff := cmp.Diff([]string{"198.51.100.7", "2001:db8::/64", "203.0.113.1", "203.0.113.0/24"}, addrs(r.Gained)); diff != "" {
		t.Errorf("gained (-want +got):\n%s", diff)
	}
	if len(r.Lost) > 0 {
		t.Errorf("lost: %v", addrs(r.Lost))
	}
	type kept struct {
		Addr, By        string
		Bans            int
		Earlier, Longer float64
	}
	var got []kept
	for i := range r.Kept {
		k := &r.Kept[i]
		got = append(got, kept{k.Addr, k.New.By, k.New.Bans, k.Earlier, k.Longer})
	}
	if diff := cmp.Diff([]kept{
		{"192.0.2.1", "", 2, 0, 3600}, // an hour and then two, instead of two
		{"203.0.113.2", "", 2, 0, -3600},
		{"203.0.113.3", "203.0.113.0/24", 1, 60, -3600},
	}, got); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	if want := (Both{Prefixes: 3, Earlier: 1, Longer: 1, Shorter: 2}); r.Both != want {
		t.Errorf("both: %+v, want %+v", r.Both, want)
	}
	if want := (Pair[int]{3, 7}); r.Made != want {
		t.Errorf("bans made: %v, want %v", r.Made, want)
	}
	if want := (Pair[int]{3, 6}); r.Banned != want {
		t.Errorf("prefixes: %v, want %v", r.Banned, want)
	}
}

func TestLost(t *testing.T) {
	c := New(engine(3, 0, time.Hour), engine(5, 0, time.Hour))
	c.Observe(failures("198.51.100.7", 10, 3))
	r := c.Report(Detail{Kept: true})
	if diff := cmp.Diff([]string{"198.51.100.7"}, addrs(r.Lost)); diff != "" || len(r.Gained)+len(r.Kept) > 0 {
		t.Errorf("lost (-want +got):\n%s", diff)
	}
}

func TestCollateral(t *testing.T) {
	session := success("2001:db8::5", "", 40)
	session.Kind, session.Successes = policy.Session, 2
	r := compared(
		[]policy.Event{success("192.0.2.1", "alice@example.org", -30), success("192.0.2.9", "nobody", 0)},
		failures("192.0.2.1", 0, 5), failures("198.51.100.7", 0, 3), failures("2001:db8::1", 0, 5),
		failures("203.0.113.1", 0, 3), failures("203.0.113.2", 0, 3),
		[]policy.Event{
			success("198.51.100.7", "bob", 0),                                             // in the same second: a connection that was open
			success("198.51.100.7", "bob", 90),                                            // the ban of an hour is over
			success("203.0.113.77", "carol\x1b", 30), success("203.0.113.77", "dave", 31), // in the net
			session,
		},
	)
	type line struct {
		Addr     string
		Users    []string
		N        int
		Old, New When
		At       time.Time
	}
	var got []line
	for _, l := range r.Collateral.Logins {
		x := line{Addr: l.Addr, Users: l.Users, N: l.Successes, At: l.success()}
		if l.Old != nil {
			x.Old = l.Old.When
		}
		if l.New != nil {
			x.New = l.New.When
		}
		got = append(got, x)
	}
	if diff := cmp.Diff([]line{
		{"203.0.113.77", []string{"ca…", "da…"}, 2, "", Within, at(30)},
		{"2001:db8::/64", []string{}, 2, Within, Within, at(40)},
		{"192.0.2.1", []string{"al…@e…"}, 1, Before, Before, at(-30)},
		{"198.51.100.7", []string{"bo…"}, 2, "", After, at(90)},
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if want := (Pair[int]{2, 4}); r.Collateral.Addresses != want {
		t.Errorf("addresses: %v, want %v", r.Collateral.Addresses, want)
	}
	if want := (Pair[int]{1, 2}); r.Collateral.Within != want {
		t.Errorf("within: %v, want %v", r.Collateral.Within, want)
	}
}

// Hostile input: a user name of a megabyte, names without end, time that goes
// backwards, addresses that are none.
func TestBounded(t *testing.T) {
	huge := make([]byte, 1<<20)
	events := []policy.Event{{Time: at(0), Kind: policy.AuthOK, User: huge}, success("192.0.2.1", string(huge), 5)}
	for i := range 100 {
		events = append(events, success("192.0.2.1", fmt.Sprint("u", i), -i))
	}
	c := New(engine(5, 0, time.Hour), engine(3, 0, time.Hour))
	c.Observe(events)
	c.Observe(failures("192.0.2.1", 20, 3))
	c.Observe(failures("192.0.2.1", 10, 3))
	if len(c.logins) != 1 {
		t.Errorf("%d addresses", len(c.logins))
	}
	r := c.Report(Detail{Users: true})
	l := r.Collateral.Logins[0]
	if len(l.Users) != mostUsers || len(l.Users[0]) > longestUser || l.New.When != Before || !l.New.Success.Equal(at(5)) {
		t.Errorf("got %d users, the first of %d bytes; %+v", len(l.Users), len(l.Users[0]), l.New)
	}
	if !r.From.Equal(at(-99)) || !r.To.Equal(at(20)) {
		t.Errorf("from %v to %v", r.From, r.To)
	}
}

func TestNothing(t *testing.T) {
	r := compared()
	if r.From != nil || r.Gained == nil || r.Lost == nil || r.Kept == nil || r.Collateral.Logins == nil || len(r.HalfHours.New) != halfHours {
		t.Errorf("%+v", r)
	}
}
