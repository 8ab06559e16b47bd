// Package compare lets two policies judge the same events and tells what would
// have been different: which bans the new one makes and the old one does not,
// and who of those that logged in would have been kept out.
//
// A ban of a net counts for every address inside. So an address that one policy
// bans by itself and the other with its net is banned by both.
//
// What is kept in memory grows with the bans and with the addresses from which
// somebody logged in, not with the log.
package compare

import (
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// The two policies, as indexes.
const (
	theOld = iota
	theNew
	both // how many there are
)

// Comparison gives events to two Engines. It belongs to one goroutine.
type Comparison struct {
	engines   [both]*policy.Engine
	decisions []policy.Decision // of the last batch, and used again
	bans      [both]bans
	logins    logins
	from, to  time.Time // of the first and the last event, by their times
}

// New compares the Engine of the policy that is with that of one that might be.
func New(was, might *policy.Engine) *Comparison {
	return &Comparison{
		engines: [both]*policy.Engine{was, might}, bans: [both]bans{newBans(), newBans()}, logins: logins{},
	}
}

// Observe takes events in the order of their lines; each must have a time. It
// keeps nothing that they point to, and changes nothing.
func (c *Comparison) Observe(events []policy.Event) {
	for p := range both {
		c.decisions = c.engines[p].ObserveBatch(events, c.decisions[:0])
		for i := range c.decisions {
			if d := &c.decisions[i]; d.Ban() {
				c.bans[p].add(d)
			}
		}
	}
	// A ban of a later batch has not begun when these logins worked.
	for i := range events {
		ev := &events[i]
		if c.from.IsZero() || ev.Time.Before(c.from) {
			c.from = ev.Time
		}
		if ev.Time.After(c.to) {
			c.to = ev.Time
		}
		if ev.Kind == policy.AuthOK || ev.Kind == policy.Session && ev.Successes > 0 {
			c.logins.add(ev, &c.bans)
		}
	}
}
