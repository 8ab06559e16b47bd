package policy

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// witnesses are those of the eight that the upper bits of a byte choose.
var witnesses = [8]Witness{
	WitnessMTA, WitnessLogin, WitnessAuth, WitnessPAM,
	WitnessPolicy, WitnessPolicy, WitnessPolicy, WitnessPolicy,
}

// compare runs events that bytes stand for through both, and counts in seen what
// they decide.
func compare(t *testing.T, stream []byte, seen map[string]int) {
	cfg := Config{
		Window: 400 * time.Second, Threshold4: 4,
		Threshold6: 500, // so that the Engine keeps as much as the model
		BanTime:    2 * time.Minute, BanTimeMax: 9 * time.Minute, BanExtra: 20, BanDecay: 4 * time.Minute,
		Net4Hosts: 2, NetTime: 3 * time.Minute,
		SoftThreshold4: 2, SoftTime: 2 * time.Minute, AllPorts4: 6, AllPortsTime: time.Minute,
		KnownThreshold: 6, KnownFor: 10 * time.Minute, AccountNets: 2, AccountTime: 150 * time.Second, NetAccounts: 1, NetFailing: 2,
		Honeypots: []string{"pot"}, OutageFaults: 5, MaxTracked: 1 << 14,
	}
	e := New(cfg, start)
	e.secret = 1 // by which no two users share a room
	e.remember()
	e.outage.most = seconds(mostPaused)
	m := &model{
		cfg: cfg, failed: map[netip.Addr][]report{}, forgiven: map[netip.Addr][]time.Time{}, bans: map[netip.Prefix][]span{},
		soft: map[netip.Addr]time.Time{}, logins: map[string][]meeting{}, tables: &e.accounts, seed: e.seed,
	}
	at, users := start, []string{"", "ann", "bob", "eve"}
	for i := 0; i+1 < len(stream); i += 2 {
		b, c := stream[i], stream[i+1]
		at = at.Add(time.Duration(b%32) * time.Second)
		host := b >> 5 // five in one net, one in each of three
		ev := &Event{
			Time: at, Kind: AuthFail, Witness: witnesses[c>>5],
			Addr: netip.AddrFrom4([4]byte{192, 0, max(host, 4), host}), User: []byte(users[c&3]),
		}
		if ev.Witness == WitnessPolicy {
			ev.Password = uint32(c >> 5 & 3)
		}
		switch c >> 2 & 7 {
		case 0:
			ev.Kind = AuthOK
		case 1:
			ev.Kind = BackendFault
		case 2:
			if c&3 == 3 {
				ev.User = []byte("pot")
			}
		}
		out := e.Observe(ev, nil)
		for _, d := range out {
			seen[string(d.Step)+" by "+string(d.Rule)]++
		}
		seen["not forgiven any more"] += m.kept
		m.kept = 0
		if m.paused {
			seen["paused"]++
		} else if m.worn(ev.Time) {
			seen["not paused any more"]++
		}
		if diff := cmp.Diff(m.observe(ev), out, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
			t.Fatalf("event %d, %s %s %s: decisions (-model +engine):\n%s", i/2, at.Sub(start), ev.Kind, ev.Addr, diff)
		}
	}
}

func TestEngineEqualsModel(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		stream := make([]byte, 2000)
		for i := range stream {
			stream[i] = byte(rnd.Uint32())
			switch {
			case seed%2 == 0 && i%2 == 0:
				stream[i] &= 0xe3 // a faster attack
			case seed%4 == 2:
				stream[i] &= [...]byte{0xe0, 0xfc}[rnd.IntN(2)] // without names, and with many logins
			}
		}
		compare(t, stream, seen)
	}
	for _, what := range []string{
		"soft by auth_fail", "host by auth_fail", "host by account", "host by spray", "host by honeypot", "host by swarm",
		"all by persist", "net by net", "paused", "not paused any more",
		"not forgiven any more",
	} {
		if seen[what] < 20 {
			t.Errorf("%s was seen %d times only: the streams are too tame", what, seen[what])
		}
	}
}

func FuzzEngineEqualsModel(f *testing.F) {
	f.Add([]byte("\x01\x04\x41\x24\x81\x04\x01\x05"))
	f.Add([]byte("\x01\xa5\x01\x05\x01\xa5\x01\xa5\x01\x04"))
	f.Fuzz(func(t *testing.T, stream []byte) { compare(t, stream[:min(len(stream), 1000)], map[string]int{}) })
}
