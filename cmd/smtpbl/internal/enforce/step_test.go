package enforce

import (
	"net/netip"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

func TestClockStep(t *testing.T) {
	now := time.Now()
	for name, by := range map[string]time.Duration{"ahead": time.Hour, "back": -time.Hour, "a month": 720 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			c := newClock(now)
			c.wall = c.wall.Add(-by) // what it would have been, had it been set since
			if got := c.step(now.Add(time.Minute)); got != by {
				t.Errorf("step %v, want %v", got, by)
			}
			if got := c.step(now.Add(2 * time.Minute)); got != 0 {
				t.Errorf("a second step of %v", got)
			}
		})
	}
	c := newClock(now)
	c.wall = c.wall.Add(stepSlack / 2)
	if got := c.step(now.Add(time.Hour)); got != 0 {
		t.Errorf("a difference that is no step: %v", got)
	}
}

// TestASetClockChangesNoBan has the clock go an hour ahead: the ends that were
// right by the old one would now be an hour too early, and in the history too.
func TestASetClockChangesNoBan(t *testing.T) {
	const by = time.Hour
	now := time.Now().Truncate(time.Millisecond)
	ban := store.Record{Prefix: netip.MustParsePrefix("198.51.100.7/32"), Bans: 1, At: now, Until: now.Add(2 * time.Hour)}
	short := store.Record{Prefix: netip.MustParsePrefix("198.51.100.8/32"), Bans: 1, At: now, Until: now.Add(30 * time.Minute)}
	b := newBench(t)
	b.restore(ban, short)
	b.clock = newClock(now)
	before := b.remaining(ban)

	b.ledger.shift(-by) // as the old clock had the ends
	b.clock.wall = b.clock.wall.Add(-by)
	b.followClock(time.Now())
	b.look(time.Now())
	b.wantStands("198.51.100.7", "198.51.100.8")
	for _, want := range []store.Record{ban, short} {
		if got, ok := b.ledger.get(want.Key()); !ok || !got.Until.Equal(want.Until) {
			t.Errorf("%s is to end at %v, want %v", want.Prefix, got.Until, want.Until)
		}
	}
	if after := b.remaining(ban); after > before || after < before-time.Minute {
		t.Errorf("the kernel had %v to go, and now %v", before, after)
	}
	if got, waits := b.saver.records[ban.Key()]; !waits || !got.Until.Equal(ban.Until) {
		t.Errorf("the history is to get %v (%v), want the new end %v", got.Until, waits, ban.Until)
	}
}

// remaining is how long the kernel goes on with a ban.
func (b *bench) remaining(r store.Record) time.Duration {
	b.t.Helper()
	bans, err := b.kernel.Query([]nft.Key{r.Key()})
	if err != nil || len(bans) != 1 {
		b.t.Fatalf("the kernel has %v: %v", bans, err)
	}
	return bans[0].Remaining
}
