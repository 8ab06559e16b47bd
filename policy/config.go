package policy

import "time"

// Config is what the Engine decides by.
type Config struct {
	// Window is how long a failure counts, at most a year and three weeks.
	Window time.Duration
	// Threshold4 and Threshold6 are the number of failures inside Window that
	// ban an IPv4 address or an IPv6 /64.
	Threshold4, Threshold6 int
	// CountAbuse makes each Abuse count like a failed login.
	CountAbuse bool
	// BanTime is the length of a first ban. It doubles with each repeat up to
	// BanTimeMax. An offender is forgotten once BanTimeMax has passed since
	// its last ban ended.
	BanTime, BanTimeMax time.Duration
	// Net4Hosts and Net6Hosts are how many keys banned at the same time ban
	// their IPv4 /24 or IPv6 /48; 0 is never.
	Net4Hosts, Net6Hosts int
	// MaxTracked limits the records held at one time; 0 is 1<<20.
	MaxTracked int
}

const (
	defaultMaxTracked = 1 << 20
	// minKept is how many entries of a key are kept at least, so that those
	// which do not count (excused, forgiven) leave room for those which do.
	minKept = 16
	// maxKept is what a record's counter can hold with room to spare.
	maxKept = 1 << 14
)

// sane returns c with values that every computation can rely on.
func (c Config) sane() Config {
	c.Window = min(max(c.Window, time.Second), maxAge*time.Second)
	c.Threshold4 = min(max(c.Threshold4, 1), maxKept)
	c.Threshold6 = min(max(c.Threshold6, 1), maxKept)
	c.Net4Hosts, c.Net6Hosts = min(c.Net4Hosts, maxKept), min(c.Net6Hosts, maxKept)
	c.BanTime = max(c.BanTime, time.Second)
	c.BanTimeMax = max(c.BanTimeMax, c.BanTime)
	if c.MaxTracked <= 0 {
		c.MaxTracked = defaultMaxTracked
	}
	return c
}

// kept is how many entries a key keeps; the oldest go beyond.
func (c Config) kept() int {
	return min(max(2*c.Threshold4, 2*c.Threshold6, minKept), maxKept)
}
