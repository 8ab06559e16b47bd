package policy

import (
	"net/netip"
	"time"
)

// Standing is where an address stands on the ladder, for people to read and
// for the mail server to ask.
type Standing struct {
	// Prefix is what is counted: the address, or its /64.
	Prefix netip.Prefix
	// Step is the severest that holds, empty where none does; Until is its end.
	Step  Step
	Until time.Time
	// Failures count towards the next ban. First and Last are the times of the
	// first and last of them, zero where there is none.
	Failures    int
	First, Last time.Time
	// Threshold is how many failures ban now, as things stand.
	Threshold int
	// Bans is how many there were, without those that quiet time took back.
	Bans int
	// NextBan is how long the next one would be, without BanExtra.
	NextBan time.Duration
	// Refusal is why the address is never banned, empty where it may be.
	Refusal Refusal
	// Net is the /24 or /48, and NetBanned how many of it are banned;
	// NetThreshold is how many ban it, 0 for never.
	Net                     netip.Prefix
	NetBanned, NetThreshold int
}

// Standing tells where a stands at at. It changes nothing.
func (e *Engine) Standing(a netip.Addr, at time.Time) Standing {
	return Standing{} // TODO
}

// Neighbour is one of the addresses of a net that have failures or bans.
type Neighbour struct {
	Prefix   netip.Prefix
	Failures int
	Bans     int
	Until    time.Time // the end of its ban, zero where it is not banned
}

// Neighbours returns up to most others of a's /24 or /48 that are banned.
func (e *Engine) Neighbours(a netip.Addr, at time.Time, most int) []Neighbour {
	return nil // TODO
}

// Pardon keeps p unbanned until until: what it earns meanwhile is refused with
// RefusedPardon. A zero until ends a pardon.
func (e *Engine) Pardon(p netip.Prefix, until time.Time) {} // TODO

// Paused tells whether failures are not counted at at, because our own
// authentication backend is failing, and since when.
func (e *Engine) Paused(at time.Time) (since time.Time, paused bool) {
	return time.Time{}, false // TODO
}

// Forgotten is how many addresses with failures inside the window had to make
// room for others.
func (e *Engine) Forgotten() uint64 { return 0 } // TODO
