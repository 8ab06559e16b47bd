package main

import (
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
)

// rememberFor is how long the history keeps a ban that has ended: until quiet
// time has taken back every doubling that can make a further ban longer. Without
// decay an offender is forgotten after ban_time_max, and never earlier.
func rememberFor(p *config.Policy) time.Duration {
	if p.BanDecay <= 0 {
		return p.BanTimeMax
	}
	ranks := time.Duration(1)
	for length := shortestBan(p); length > 0 && length < p.BanTimeMax; length *= 2 {
		ranks++
		if length > p.BanTimeMax/2 {
			break // and twice as long might not be a number
		}
	}
	return max(ranks*p.BanDecay, p.BanTimeMax)
}

// shortestBan is the first ban with the most doublings up to the longest.
func shortestBan(p *config.Policy) time.Duration {
	shortest := p.BanTime
	for _, first := range []time.Duration{p.NetTime, p.AllPortsTime} {
		if first > 0 {
			shortest = min(shortest, first)
		}
	}
	return shortest
}
