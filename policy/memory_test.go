package policy

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"time"
)

func addr4(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// sound checks that lists, maps, entries and nets agree.
func sound(t *testing.T, e *Engine) {
	t.Helper()
	seen, chunks := 0, 0
	for class, l := range append(e.harmless[:], e.offenders) {
		for i := l.front; i != 0; i = e.records.at(i).next {
			r := e.records.at(i)
			seen++
			if e.find(r.key, r.kind()) != i {
				t.Fatalf("record %d of %s is not found", i, r.key.prefix(r.kind()))
			}
			if class < classes && (r.flags&offending != 0 || r.class() != class || r.rank > 0) || class == classes && r.flags&offending == 0 {
				t.Fatalf("%s is in the wrong list, %d", r.key.prefix(r.kind()), class)
			}
			if r.kind() != ofNet && class < classes && class != min(max(guesses(e, r)-1, 0), classes-1) {
				t.Fatalf("%s has %d failures and is in list %d", r.key.prefix(ofHost), guesses(e, r), class)
			}
			if r.kind() == ofNet {
				soundNet(t, e, r)
				continue
			}
			for c := r.first; c != 0; c = e.chunks.at(c).next {
				chunks++
			}
		}
	}
	if seen != e.records.len() || chunks != e.chunks.len() {
		t.Fatalf("lists hold %d records and %d chunks, slabs %d and %d", seen, chunks, e.records.len(), e.chunks.len())
	}
}

// guesses are the entries of r that are failures.
func guesses(e *Engine, r *record) int {
	n := 0
	for _, x := range e.load(r) {
		if x.flags&void == 0 {
			n++
		}
	}
	return n
}

func soundNet(t *testing.T, e *Engine, net *record) {
	t.Helper()
	n := 0
	for i := net.first; i != 0; i = e.records.at(i).sibling {
		if h := e.records.at(i); h.flags&member == 0 || h.key.net() != net.key {
			t.Fatalf("%s is in the list of %s", h.key.prefix(ofHost), net.key.prefix(ofNet))
		}
		n++
	}
	if n != int(net.n) {
		t.Fatalf("net has %d hosts, says %d", n, net.n)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	cfg := testConfig
	cfg.MaxTracked = 100
	e := New(cfg, start)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 50000 {
		ev := &Event{
			Time: start.Add(time.Duration(i) * time.Second / 10), Kind: Kind(1 + rnd.IntN(5)),
			Addr: addr4(0xc0000000 + rnd.Uint32N(600)), Witness: 1 << rnd.IntN(4),
			Failures: rnd.IntN(3), Excused: rnd.IntN(9), Session: rnd.Uint64N(4),
		}
		e.Observe(ev, nil)
		if i%500 == 0 {
			sound(t, e)
		}
		if e.records.len() > cfg.MaxTracked || e.chunks.len() > cfg.MaxTracked+cfg.kept() {
			t.Fatalf("%d records, %d chunks", e.records.len(), e.chunks.len())
		}
	}
}

func TestEvictionSparesTheBanned(t *testing.T) {
	cfg := testConfig
	cfg.MaxTracked = 10
	e := New(cfg, start)
	play(t, e, "0s fail 198.51.100.1 n=3")
	for i := range uint32(1000) {
		e.Observe(&Event{Time: start, Kind: AuthFail, Addr: addr4(0xc0000200 + i)}, nil)
	}
	if got := play(t, e, "1s fail 198.51.100.1 n=3"); got != nil {
		t.Errorf("a banned address was forgotten: %q", got)
	}
}

// TestAFloodCannotMakeFailuresForgotten sends many times as many addresses as
// there is room for between the failures of one, each with fewer failures.
func TestAFloodCannotMakeFailuresForgotten(t *testing.T) {
	cfg := testConfig
	cfg.MaxTracked, cfg.Threshold4 = 100, 5
	e := New(cfg, start)
	flood := func(from uint32, each int) {
		for i := range uint32(5000) {
			e.Observe(&Event{Time: start, Kind: AuthFail, Addr: addr4(from + i), Failures: 1 + int(i)%each}, nil)
		}
	}
	got := play(t, e, "0s fail 198.51.100.1 n=2")
	flood(0xc0000200, 1)
	got = append(got, play(t, e, "1m fail 198.51.100.1")...)
	flood(0xc1000200, 2)
	got = append(got, play(t, e, "2m fail 198.51.100.1")...)
	flood(0xc2000200, 3)
	if got != nil {
		t.Errorf("decided %q before the fifth failure", got)
	}
	if got = play(t, e, "3m fail 198.51.100.1"); len(got) != 1 {
		t.Errorf("decided %q at the fifth failure, want a ban", got)
	}
	if e.Forgotten() < 10_000 {
		t.Errorf("%d addresses are told to have been forgotten", e.Forgotten())
	}
	sound(t, e)
}

// TestWhatIsNoGuessPushesNothingOut sends a flood of logins that were aborted,
// which a summary may still ask for.
func TestWhatIsNoGuessPushesNothingOut(t *testing.T) {
	cfg := testConfig
	cfg.MaxTracked, cfg.Threshold4 = 100, 5
	e := New(cfg, start)
	got := play(t, e, "0s fail 198.51.100.1 n=2")
	for i := range uint32(5000) {
		e.Observe(&Event{Time: start, Kind: Abuse, Addr: addr4(0xc0000200 + i), Excused: 9, Session: 7}, nil)
	}
	got = append(got, play(t, e, "1m fail 198.51.100.1 n=3")...)
	if len(got) != 1 {
		t.Errorf("decided %q, want a ban", got)
	}
	if e.Forgotten() != 0 {
		t.Errorf("%d addresses with failures are told to have been forgotten, none of them had any", e.Forgotten())
	}
	sound(t, e)
}

func TestIdleKeysAreFreed(t *testing.T) {
	e := New(testConfig, start)
	for i := range uint32(1000) {
		e.Observe(&Event{Time: start, Kind: AuthFail, Addr: addr4(0xc0000200 + i)}, nil)
	}
	for range 500 {
		play(t, e, "1h fail 198.51.100.1 by=login u=x")
	}
	if e.Tracked() != 1 {
		t.Errorf("tracked %d, want only the last", e.Tracked())
	}
	sound(t, e)
}

func TestObserveDoesNotAllocate(t *testing.T) {
	e := New(Config{Window: time.Hour, Threshold4: 50, BanTime: time.Second}, start)
	out, n := make([]Decision, 0, 8), 0
	ev := &Event{Kind: AuthFail, Witness: WitnessMTA, User: []byte("bob@example.org")}
	one := func() {
		n++
		ev.Time, ev.Addr = start.Add(time.Duration(n)*time.Second/10), addr4(0xc0000200+uint32(n%100))
		out = e.Observe(ev, out[:0])
	}
	for range 40_000 { // a Window and a little more
		one()
	}
	if got := testing.AllocsPerRun(10_000, one); got != 0 {
		t.Errorf("%v allocations per event", got)
	}
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// fill gives n random addresses each so many failures.
func fill(e *Engine, n int, each int) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range n {
		e.Observe(&Event{Time: start, Kind: AuthFail, Witness: WitnessMTA, Addr: addr4(1<<24 + rnd.Uint32N(100<<24)), Failures: each}, nil)
	}
}

func BenchmarkBytesPerKey(b *testing.B) {
	for name, each := range map[string]int{"one failure": 1, "four failures": 4} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				before := heapInUse()
				e := New(Config{Window: time.Hour, Threshold4: 5, BanTime: time.Hour}, start)
				fill(e, 1_000_000, each)
				b.ReportMetric(float64(heapInUse()-before)/float64(e.Tracked()), "B/key")
				runtime.KeepAlive(e)
			}
		})
	}
}

// everyRule has all rules on, at their defaults.
func everyRule() Config {
	return Config{
		Window: 24 * time.Hour, Threshold4: 5, BanTime: 4 * time.Hour, BanTimeMax: 720 * time.Hour, Net4Hosts: 5,
		BanExtra: 10, BanDecay: 168 * time.Hour, SoftThreshold4: 3, SoftTime: time.Hour,
		KnownThreshold: 20, KnownFor: 168 * time.Hour, AccountNets: 5, AccountTime: 24 * time.Hour, NetAccounts: 10, NetFailing: 16,
		OutageFaults: 10, Honeypots: []string{"backup", "scanner@example.org"},
	}
}

func BenchmarkObserve(b *testing.B) {
	benchmarkObserve(b, func(e *Engine, events []Event, out []Decision) []Decision {
		for i := range events {
			out = e.Observe(&events[i], out)
		}
		return out
	})
}

func BenchmarkObserveBatch(b *testing.B) { benchmarkObserve(b, (*Engine).ObserveBatch) }

// benchmarkObserve measures observe with 64 events at a time.
func benchmarkObserve(b *testing.B, observe func(*Engine, []Event, []Decision) []Decision) {
	plain := Config{Window: time.Hour, Threshold4: 5, BanTime: 4 * time.Hour, BanTimeMax: 720 * time.Hour, Net4Hosts: 5}
	patient, all := plain, everyRule()
	patient.Threshold4 = 50
	for name, c := range map[string]struct {
		keys uint32
		cfg  Config
	}{
		"one hot key": {1, plain}, "20k keys": {20_000, plain}, "1M keys": {1_000_000, plain},
		"20k keys, none banned":  {20_000, patient},
		"one hot key, all rules": {1, all}, "20k keys, all rules": {20_000, all}, "1M keys, all rules": {1_000_000, all},
	} {
		b.Run(name, func(b *testing.B) {
			const size = 64
			e := New(c.cfg, start)
			events := failures(1<<18, c.keys)
			var out []Decision
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				batch := events[n%len(events):][:size]
				for i := range batch {
					batch[i].Time = start.Add(time.Duration(n) * 20 * time.Millisecond)
					n++
				}
				out = observe(e, batch, out[:0])
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
		})
	}
}

// failures returns n failed logins of up to so many addresses, and a hundred
// users.
func failures(n int, addresses uint32) []Event {
	rnd := rand.New(rand.NewPCG(5, 6))
	events := make([]Event, n)
	for i := range events {
		user := binary.LittleEndian.AppendUint64(nil, rnd.Uint64N(100)*0x0101010101010101)
		events[i] = Event{
			Kind: AuthFail, Failures: 1, Witness: WitnessMTA, User: user,
			Addr: addr4(1<<24 + rnd.Uint32N(addresses)*2654435761%(100<<24)),
		}
	}
	return events
}
