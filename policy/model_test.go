package policy

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// model says what the Engine must decide, in the plainest words: it keeps
// everything for ever in lists and looks through all of it each time.
type model struct {
	cfg    Config
	failed map[netip.Addr][]report
	bans   map[netip.Prefix][]span
}

type report struct {
	at       time.Time
	user     string
	by       Witness
	password uint32
	repeats  bool // a password that failed before, and so does not count
}

type span struct{ from, until time.Time }

func (m *model) banned(p netip.Prefix, at time.Time) bool {
	b := m.bans[p]
	return len(b) > 0 && b[len(b)-1].until.After(at)
}

// add bans p and returns the ban's rank and length.
func (m *model) add(p netip.Prefix, at time.Time) (int, time.Duration) {
	if b := m.bans[p]; len(b) > 0 && !b[len(b)-1].until.Add(m.cfg.BanTimeMax).After(at) {
		m.bans[p] = nil
	}
	length := m.cfg.BanTime
	for range m.bans[p] {
		length = min(2*length, m.cfg.BanTimeMax)
	}
	m.bans[p] = append(m.bans[p], span{at, at.Add(length)})
	return len(m.bans[p]), length
}

func (m *model) observe(ev *Event) []Decision {
	host, _ := ev.Addr.Prefix(32)
	net, _ := ev.Addr.Prefix(24)
	if m.banned(host, ev.Time) || m.banned(net, ev.Time) {
		return nil
	}
	if ev.Kind == AuthOK {
		m.forgive(ev)
		return nil
	}
	m.fail(ev)
	first, n := ev.Time, 0
	for _, r := range m.failed[ev.Addr] {
		if !r.repeats && ev.Time.Sub(r.at) < m.cfg.Window {
			n++
			if r.at.Before(first) {
				first = r.at
			}
		}
	}
	if n < m.cfg.Threshold4 {
		return nil
	}
	m.failed[ev.Addr] = nil
	rank, length := m.add(host, ev.Time)
	out := m.neighbours(net, ev.Time)
	return append([]Decision{{
		Prefix: host, Step: StepHost, Rule: RuleAuthFail, At: ev.Time, Until: ev.Time.Add(length),
		Failures: n, Over: ev.Time.Sub(first), Rank: rank,
	}}, out...)
}

func (m *model) neighbours(net netip.Prefix, at time.Time) []Decision {
	n := 0
	for p := range m.bans {
		if p.Bits() == 32 && net.Contains(p.Addr()) && m.banned(p, at) {
			n++
		}
	}
	if n < m.cfg.Net4Hosts {
		return nil
	}
	rank, length := m.add(net, at)
	return []Decision{{Prefix: net, Step: StepNet, Rule: RuleNet, At: at, Until: at.Add(length), Failures: n, Rank: rank}}
}

func (m *model) forgive(ev *Event) {
	var left []report
	for _, r := range m.failed[ev.Addr] {
		if r.repeats || r.user != "" && r.user != string(ev.User) {
			left = append(left, r)
		}
	}
	m.failed[ev.Addr] = left
}

// fail confirms a report of another witness, of the same user rather than
// without a name, or is a new one.
func (m *model) fail(ev *Event) {
	known, u, repeats := m.failed[ev.Addr], string(ev.User), m.repeats(ev)
	for _, named := range []bool{true, false} {
		for i := range known {
			r := &known[i]
			if ev.Time.Sub(r.at) > pairWindow || r.by&ev.Witness != 0 {
				continue
			}
			if named && u != "" && r.user == u || !named && (u == "" || r.user == "") {
				r.by |= ev.Witness
				r.repeats = r.repeats || repeats
				if r.user == "" {
					r.user = u
				}
				if ev.Password != 0 {
					r.password = ev.Password
				}
				return
			}
		}
	}
	m.failed[ev.Addr] = append(known, report{ev.Time, u, ev.Witness, ev.Password, repeats})
}

// repeats tells whether the user's same password has failed before.
func (m *model) repeats(ev *Event) bool {
	return ev.Password != 0 && len(ev.User) > 0 && slices.ContainsFunc(m.failed[ev.Addr], func(r report) bool {
		return !r.repeats && r.user == string(ev.User) && r.password == ev.Password && ev.Time.Sub(r.at) < m.cfg.Window
	})
}

// witnesses are those of the eight that the upper bits of a byte choose.
var witnesses = [8]Witness{
	WitnessMTA, WitnessLogin, WitnessMTA, WitnessPAM,
	WitnessPolicy, WitnessPolicy, WitnessPolicy, WitnessPolicy,
}

// compare runs events that bytes stand for through both.
func compare(t *testing.T, stream []byte) {
	cfg := Config{
		Window: 5 * time.Minute, Threshold4: 3,
		Threshold6: 500, // so that the Engine keeps as much as the model
		BanTime:    2 * time.Minute, BanTimeMax: 9 * time.Minute, Net4Hosts: 3,
	}
	e := New(cfg, start)
	m := &model{cfg, map[netip.Addr][]report{}, map[netip.Prefix][]span{}}
	at, users := start, []string{"", "ann", "bob", "eve"}
	for i := 0; i+1 < len(stream); i += 2 {
		b, c := stream[i], stream[i+1]
		at = at.Add(time.Duration(b%64) * time.Second)
		ev := &Event{
			Time: at, Kind: AuthFail, Witness: witnesses[c>>5],
			Addr: netip.AddrFrom4([4]byte{192, 0, 2, b >> 6}), User: []byte(users[c&3]),
		}
		if ev.Witness == WitnessPolicy {
			ev.Password = uint32(c >> 5 & 3)
		}
		if c>>2&7 == 0 {
			ev.Kind = AuthOK
		}
		if diff := cmp.Diff(m.observe(ev), e.Observe(ev, nil), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
			t.Fatalf("event %d, %s %s %s: decisions (-model +engine):\n%s", i/2, at.Sub(start), ev.Kind, ev.Addr, diff)
		}
	}
}

func TestEngineEqualsModel(t *testing.T) {
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		stream := make([]byte, 2000)
		for i := range stream {
			stream[i] = byte(rnd.Uint32())
			if seed%2 == 0 && i%2 == 0 {
				stream[i] &= 0xc7 // a faster attack
			}
		}
		compare(t, stream)
	}
}

func FuzzEngineEqualsModel(f *testing.F) {
	f.Add([]byte("\x01\x04\x41\x24\x81\x04\x01\x05"))
	f.Add([]byte("\x01\xa5\x01\x05\x01\xa5\x01\xa5\x01\x04"))
	f.Fuzz(func(t *testing.T, stream []byte) { compare(t, stream[:min(len(stream), 1000)]) })
}
