package policy

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkFlood measures events of ever new addresses and names with a full memory.
func BenchmarkFlood(b *testing.B) {
	const size = 64
	e := New(everyRule(), start)
	rnd := rand.New(rand.NewPCG(5, 6))
	events := make([]Event, size)
	names := make([][8]byte, size)
	n := 0
	var out []Decision
	step := func() {
		for i := range events {
			binary.LittleEndian.PutUint64(names[i][:], rnd.Uint64())
			events[i] = Event{
				Kind: AuthFail, Failures: 1, Witness: WitnessMTA, User: names[i][:],
				Addr: addr4(1<<24 + rnd.Uint32N(200<<24)), Time: start.Add(time.Duration(n) * 1440 * time.Microsecond),
			}
			n++
		}
		out = e.ObserveBatch(events, out[:0])
	}
	for n < 1<<21 {
		step()
	}
	b.ResetTimer()
	m := n
	for b.Loop() {
		step()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n-m), "ns/event")
}
