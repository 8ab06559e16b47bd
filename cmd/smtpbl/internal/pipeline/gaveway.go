package pipeline

import (
	"net/netip"
	"sync"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// gaveWay holds the prefixes whose bans were over before their time until the
// Judge takes them.
type gaveWay struct {
	mu       sync.Mutex
	prefixes []netip.Prefix
	wake     chan struct{}
}

// GaveWay says that a ban is over before its time, because there was no room for
// it: the Engine may ban the prefix again. It never waits, so that the Enforcer
// can call it while the Judge waits for the Enforcer.
func (j *Judge) GaveWay(p netip.Prefix) {
	g := &j.gone
	g.mu.Lock()
	g.prefixes = append(g.prefixes, p)
	g.mu.Unlock()
	select {
	case g.wake <- struct{}{}:
	default: // the Judge will look anyway
	}
}

func (g *gaveWay) release(e *policy.Engine) {
	g.mu.Lock()
	prefixes := g.prefixes
	g.prefixes = nil
	g.mu.Unlock()
	now := time.Now()
	for _, p := range prefixes {
		e.Release(p, now)
	}
}
