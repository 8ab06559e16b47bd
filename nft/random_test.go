package nft

import (
	"flag"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the random scenarios; 0 takes new ones")

// TestRandomScenarios does some hundred random steps on the kernel and on a Fake
// and compares them after each. It prints the seed with which a failure can be
// had again.
func TestRandomScenarios(t *testing.T) {
	if lacking(t) != (fakeLacks{}) {
		t.Skip("the Fake is Linux from 6.16 on, and older kernels differ from it in more than TestScenarios needs")
	}
	for run := range 4 {
		t.Run(strconv.Itoa(run), func(t *testing.T) {
			t.Parallel()
			seed := *seedFlag
			if seed == 0 {
				seed = rand.Uint64()
			}
			t.Logf("run it again with -run %s -seed %d", t.Name(), seed)
			wander(t, rand.New(rand.NewPCG(seed, uint64(run))), 300)
		})
	}
}

// wanderer makes random steps and remembers what must not be looked at just
// when it ends.
type wanderer struct {
	*rand.Rand
	short []time.Duration // the short bans of the step that is about to be done
	ends  []moment        // when short bans end
}

// moment is a time in ticks that is not known exactly.
type moment struct{ from, to time.Time }

func wander(t *testing.T, random *rand.Rand, steps int) {
	t.Helper()
	p := newPair(t, random.IntN(2) == 0)
	w := &wanderer{Rand: random}
	for i := range steps {
		st := w.next()
		if i < 2 {
			st = []step{opened(w.config()), ensured()}[i]
		}
		w.avoidEnds(p.kernel)
		diff := p.compare(st)
		if w.endedIn(p.begun, p.done) {
			t.Logf("the machine is too busy: a ban ended in the middle of step %d", i)
			return
		}
		if diff != "" {
			t.Fatalf("step %d, %s (-kernel +fake):\n%s", i, st.name, diff)
		}
	}
}

// endedIn tells whether a ban may have ended while a step was done, which
// cannot be compared: it may have been there for one part of the step and not
// for another. Afterwards it notes the ends that the step led to.
func (w *wanderer) endedIn(begun, done time.Time) bool {
	for _, end := range w.ends {
		if end.to.After(begun) && end.from.Before(done) {
			return true
		}
	}
	for _, timeout := range w.short {
		w.ends = append(w.ends, moment{from: begun.Add(timeout - jiffy), to: done.Add(timeout + jiffy)})
	}
	w.short = nil
	return false
}

// avoidEnds waits until no ban is about to end.
func (w *wanderer) avoidEnds(s *side) {
	s.t.Helper()
	const margin = 300 * time.Millisecond
	slices.SortFunc(w.ends, func(a, b moment) int { return a.from.Compare(b.from) })
	for len(w.ends) > 0 && w.ends[0].from.Sub(ticks(s.t)) < margin {
		s.await("a ban ends", func() bool { return ticks(s.t).After(w.ends[0].to) })
		w.ends = w.ends[1:]
	}
}

// config is protected or not, and its sets are soon full.
func (w *wanderer) config() Config {
	return configured(func(c *Config) {
		c.MaxBans, c.Protect, c.ElementCounters = 8, w.IntN(2) == 0, w.IntN(4) > 0
	})
}

func (w *wanderer) next() step {
	switch n := w.IntN(100); {
	case n < 45:
		return w.apply()
	case n < 50:
		return liftedByOthers(w.key())
	case n < 53:
		return byOthers("add without end", func(b *batch) {
			b.elements(unix.NFT_MSG_NEWSETELEM, create, "smtpbl", "ban4", []element{keyed(netip.MustParsePrefix("192.0.2.10/32"))})
		})
	case n < 55:
		return flushedByOthers()
	case n < 57:
		return flushed()
	case n < 62:
		return ensured()
	case n < 66:
		return allowed(w.some("192.0.2.10/31", "192.0.3.0/24", "0.0.0.0/0", "2001:db8:1::/64", "2001:db8::/32")...)
	case n < 70:
		return fedWith(w.some("192.0.2.11/32", "192.0.2.0/23", "192.0.4.0/24", "255.0.0.0/8", "2001:db8:1:1::/64", "2001:db8:2::/48")...)
	case n < 72:
		return opened(w.config())
	case n < 73:
		return closed()
	case n < 83:
		return queried(w.key(), w.key(), w.key())
	case n < 90:
		return lookedUpAt(visitors[w.IntN(len(visitors))], visitors[w.IntN(len(visitors))])
	case n < 96:
		return surveyed()
	}
	return visited()
}

// apply changes a few bans.
func (w *wanderer) apply() step {
	changes := make([]Change, 1+w.IntN(5))
	for i := range changes {
		key := w.key()
		changes[i] = Change{Layer: key.Layer, Prefix: key.Prefix, Remove: w.IntN(3) == 0}
		timeouts := []time.Duration{time.Second, 2 * time.Second, time.Minute, time.Hour, 2 * time.Hour}
		if !changes[i].Remove {
			changes[i].Timeout = timeouts[w.IntN(len(timeouts))]
		}
		// It may be refused; to wait for an end that does not come does no
		// harm.
		if d := changes[i].Timeout; d > 0 && d < time.Minute {
			w.short = append(w.short, d)
		}
	}
	if w.IntN(4) == 0 {
		return loaded(changes...)
	}
	return applied(changes...)
}

// key is a ban out of few, in all kinds of sets.
func (w *wanderer) key() Key {
	var key Key
	if w.IntN(3) == 0 {
		key.Layer = []Layer{LayerManual, LayerAll}[w.IntN(2)]
	}
	addr := netip.MustParseAddr(visitors[w.IntN(len(visitors))])
	lengths := []int{32, 32, 32, 24, 27, 30}
	if addr.Is6() {
		lengths = []int{128, 64, 64, 48, 56}
	}
	if addr.Is4() && w.IntN(2) == 0 {
		addr = netip.AddrFrom4([4]byte{192, 0, 2, byte(w.IntN(20))})
	}
	key.Prefix = netip.PrefixFrom(addr, lengths[w.IntN(len(lengths))]).Masked()
	return key
}

func (w *wanderer) some(list ...string) []string {
	var some []string
	for _, item := range list {
		if w.IntN(3) == 0 {
			some = append(some, item)
		}
	}
	return some
}
