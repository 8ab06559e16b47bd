package policy

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// tense has every rule on at so low limits that a random stream meets them all.
func tense(secret uint64) Config {
	return Config{
		Window: 10 * time.Minute, Threshold4: 4, Threshold6: 3, CountAbuse: true,
		BanTime: 2 * time.Minute, BanTimeMax: 20 * time.Minute, Net4Hosts: 3, Net6Hosts: 2, NetTime: time.Minute,
		SoftThreshold4: 2, SoftThreshold6: 2, SoftTime: time.Minute, AllPorts4: 6, AllPorts6: 4, AllPortsTime: time.Minute,
		BanExtra: 20, BanDecay: 5 * time.Minute, KnownThreshold: 8, KnownFor: 5 * time.Minute,
		AccountNets: 3, AccountTime: time.Minute, NetAccounts: 3, NetFailing: 5,
		Honeypots: []string{"pot"}, OutageFaults: 12, Secret: secret, MaxTracked: 200,
	}
}

// anything returns n random events of a few users, addresses and sessions, now
// and then late or of another century.
func anything(rnd *rand.Rand, n int) []Event {
	users := []string{"", "ann", "ann@example.org", "bob", "BOB@example.net", "eve", "pot", "@x", "a\x00b", string(make([]byte, 2000))}
	kinds := []Kind{AuthFail, AuthFail, AuthFail, AuthFail, AuthOK, Abuse, Session, BackendFault}
	events := make([]Event, n)
	at := start
	for i := range events {
		at = at.Add(time.Duration(rnd.IntN(4000)) * time.Millisecond)
		ev := &events[i]
		*ev = Event{
			Time: at, Kind: kinds[rnd.IntN(len(kinds))], Addr: anyAddr(rnd), Witness: witnesses[rnd.IntN(8)],
			Failures: rnd.IntN(3), Successes: rnd.IntN(8) / 7, Excused: rnd.IntN(6) / 5, Session: rnd.Uint64N(4),
			Span: time.Duration(rnd.IntN(60)) * time.Second, User: []byte(users[rnd.IntN(len(users))]),
		}
		switch rnd.IntN(400) {
		case 0:
			ev.Time = at.AddDate(rnd.IntN(140)-70, 0, 0)
		case 1, 2, 3, 4:
			ev.Time = at.Add(-time.Duration(rnd.IntN(900)) * time.Second)
		case 5:
			ev.Addr = netip.Addr{}
		}
		if ev.Witness == WitnessPolicy {
			ev.Password = rnd.Uint32N(4)
		}
	}
	return events
}

func anyAddr(rnd *rand.Rand) netip.Addr {
	if rnd.IntN(4) == 0 {
		return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, byte(rnd.IntN(3)), 0, byte(rnd.IntN(20)), 15: byte(rnd.IntN(3))})
	}
	return addr4(0xc0000200 + rnd.Uint32N(8)<<8 + rnd.Uint32N(40))
}

// command does something by hand to engines alike.
func command(rnd *rand.Rand, at time.Time, engines ...*Engine) {
	a := anyAddr(rnd)
	p, _ := a.Prefix([]int{24, bitsOf(a.Is4(), ofHost), a.BitLen()}[rnd.IntN(3)])
	until, what := at.Add(time.Duration(rnd.IntN(300))*time.Second), rnd.IntN(7)
	for _, e := range engines {
		switch what {
		case 0:
			e.Pardon(p, until)
		case 1:
			e.Pardon(p, time.Time{})
		case 2, 3:
			e.Release(p, at)
		case 4:
			e.Hold(p, until)
		case 5:
			e.SetExempt([]Exemption{{p, RefusedOwn}})
		case 6:
			step := []Step{StepHost, StepAll, StepSoft}[int(until.Unix()%3)]
			e.Restore(Offender{Prefix: p, Step: step, Bans: 2, At: at, Until: until})
		}
	}
}

var equalPrefixes = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })

// TestAskingChangesNothing asks one of two Engines all that can be asked, about
// the past and the future, between events and commands.
func TestAskingChangesNothing(t *testing.T) {
	steps := map[Step]int{}
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 21))
		silent, asked := New(tense(seed+1), start), New(tense(seed+1), start)
		for i, ev := range anything(rnd, 4000) {
			at, a := ev.Time.Add(time.Duration(rnd.IntN(7200)-3600)*time.Second), anyAddr(rnd)
			asked.Standing(a, at)
			asked.Neighbours(a, at, 3)
			asked.Paused(at)
			asked.Banned(a, at)
			asked.Exempt(a)
			if rnd.IntN(100) == 0 {
				command(rnd, ev.Time, silent, asked)
				if err := asked.Snapshot(io.Discard); err != nil {
					t.Fatal(err)
				}
			}
			want, got := silent.Observe(&ev, nil), asked.Observe(&ev, nil)
			if diff := cmp.Diff(want, got, equalPrefixes); diff != "" {
				t.Fatalf("seed %d, event %d: decisions (-not asked +asked):\n%s", seed, i, diff)
			}
			for _, d := range want {
				steps[d.Step]++
			}
		}
		if !bytes.Equal(snapshotOf(t, silent), snapshotOf(t, asked)) {
			t.Errorf("seed %d: asking changed what is kept", seed)
		}
		sound(t, asked)
	}
	if len(steps) != 4 {
		t.Errorf("decided %v, want something on every step", steps)
	}
}
