package coverage

import (
	"sync"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// hours is how far back Count.Day looks; one bucket more is the hour that runs.
const hours = 24

// Count counts the failed logins at protocols that are not covered: since the
// start, and of the last 24 hours in buckets of one hour. Its size is fixed. It
// is safe for concurrent use.
type Count struct {
	open [protocols]bool // not covered
	now  func() time.Time

	mu      sync.Mutex
	total   [protocols]uint64
	buckets [hours + 1]bucket
}

// bucket holds the failures of one hour.
type bucket struct {
	hour int64 // since 1970
	n    [protocols]uint64
}

// NewCount returns a Count for bans that close ports. now is time.Now.
func NewCount(ports []uint16, now func() time.Time) *Count {
	c := &Count{now: now}
	for _, p := range policy.Protocols {
		c.open[p] = len(Missing(ports, p)) > 0
	}
	return c
}

// Observe counts what ev brings. Only the lines of the servers that the clients
// talk to count: PAM and Dovecot's auth process tell of the same failures again.
func (c *Count) Observe(ev *policy.Event) {
	if ev.Kind != policy.AuthFail || int(ev.Protocol) >= protocols || !c.open[ev.Protocol] {
		return
	}
	if ev.Witness&(policy.WitnessMTA|policy.WitnessLogin) == 0 || ev.Failures <= 0 {
		return
	}
	n := uint64(ev.Failures) //nolint:gosec // positive
	at, now := hourOf(ev.Time), hourOf(c.now())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total[ev.Protocol] += n
	if at = min(at, now); at < now-hours {
		return
	}
	b := &c.buckets[at%int64(len(c.buckets))]
	if b.hour != at {
		if b.hour > at && b.hour <= now {
			return // of an older day
		}
		*b = bucket{hour: at} // also where the clock was set back
	}
	b.n[ev.Protocol] += n
}

func hourOf(t time.Time) int64 { return max(t.Unix(), 0) / int64(time.Hour/time.Second) }

// Total returns the failures since the start, by the protocol's name. Every
// protocol is there, those that are covered with 0.
func (c *Count) Total() map[string]uint64 {
	out := make(map[string]uint64, len(policy.Protocols))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range policy.Protocols {
		out[p.String()] = c.total[p]
	}
	return out
}

// Day returns the failures of the last 24 hours, up to an hour more, by the
// protocol's name. The protocols that are not covered are there.
func (c *Count) Day() map[string]uint64 {
	out := make(map[string]uint64, len(policy.Protocols))
	now := hourOf(c.now())
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range policy.Protocols {
		if !c.open[p] {
			continue
		}
		n := uint64(0)
		for i := range c.buckets {
			if b := &c.buckets[i]; b.hour >= now-hours && b.hour <= now {
				n += b.n[p]
			}
		}
		out[p.String()] = n
	}
	return out
}
