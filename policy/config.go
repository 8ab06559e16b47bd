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
	// NetTime is the length of a net's first ban, which doubles like BanTime;
	// 0 is BanTime.
	NetTime time.Duration
	// SoftThreshold4 and SoftThreshold6 are the failures inside Window from
	// which on the mail server turns an address away, for SoftTime after the
	// last of them; 0 is never.
	SoftThreshold4, SoftThreshold6 int
	SoftTime                       time.Duration
	// AllPorts4 and AllPorts6 are the failures inside Window that ban an
	// address at all ports, for AllPortsTime: those that led to the ban of the
	// mail ports and those that came in all the same; 0 is never. Of the former
	// Threshold are counted, or one where fewer than Threshold were enough.
	AllPorts4, AllPorts6 int
	AllPortsTime         time.Duration
	// BanExtra is up to how many percent longer a ban is, so that bans of one
	// moment do not end in one moment. It follows from the address alone.
	BanExtra int
	// BanDecay is the quiet time after a ban's end that takes one doubling
	// back; 0 forgets an offender BanTimeMax after its last ban ended.
	BanDecay time.Duration
	// KnownThreshold is how many failures ban an address whose failing users
	// all logged in from it within KnownFor, where no user counts for more than
	// Threshold4 or Threshold6; ten times as many of one user ban as well, or
	// 16368 where that is less. No more than Threshold4 or Threshold6 is no more
	// patience than with strangers. 0 knows nobody.
	KnownThreshold int
	KnownFor       time.Duration
	// AccountNets is how many nets (/24 or /48) may fail at one account within
	// Window before the threshold falls for failures at that account, to 1
	// with Threshold times as many; 0 is never.
	AccountNets int
	// AccountTime is the length of a first ban for failing at such an account,
	// or at a honeypot, which doubles like BanTime; 0 is BanTime.
	AccountTime time.Duration
	// NetAccounts is the number of accounts that one net may fail at before its
	// threshold falls in the same way.
	NetAccounts int
	// NetFailing is the same for the addresses of one net that fail.
	NetFailing int
	// Honeypots are login names that nobody has. One failure bans.
	Honeypots []string
	// OutageFaults is how many faults of the authentication backend within a
	// minute pause counting, for an hour at most and then not for another; 0 is
	// never.
	OutageFaults int
	// Secret keeps others from knowing where an account or a net lies in the
	// tables, and which of them cannot be told apart; 0 draws one. Engines with
	// one secret decide alike in full tables too.
	Secret uint64
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
	for _, n := range []*int{
		&c.Net4Hosts, &c.Net6Hosts, &c.SoftThreshold4, &c.SoftThreshold6, &c.AllPorts4, &c.AllPorts6,
		&c.KnownThreshold, &c.AccountNets, &c.NetAccounts, &c.NetFailing, &c.OutageFaults,
	} {
		*n = min(max(*n, 0), maxKept)
	}
	c.BanTime = max(c.BanTime, time.Second)
	c.BanTimeMax = max(c.BanTimeMax, c.BanTime)
	if c.NetTime <= 0 {
		c.NetTime = c.BanTime
	}
	if c.AccountTime <= 0 {
		c.AccountTime = c.BanTime
	}
	c.AllPortsTime, c.SoftTime = max(c.AllPortsTime, time.Second), max(c.SoftTime, time.Second)
	c.KnownFor = max(c.KnownFor, 0)
	c.BanExtra, c.BanDecay = min(max(c.BanExtra, 0), 100), max(c.BanDecay, 0)
	if c.MaxTracked <= 0 {
		c.MaxTracked = defaultMaxTracked
	}
	return c
}

// kept is how many entries a key keeps; the oldest go beyond.
func (c Config) kept() int {
	most := max(2*c.Threshold4, 2*c.Threshold6, c.patience()+minKept, c.AllPorts4, c.AllPorts6, minKept)
	return min(most, maxKept)
}

// subjects is for how many accounts or nets there is room where a limit is
// set: one for 32 addresses.
func (c Config) subjects(limit int) int {
	if limit == 0 {
		return 0
	}
	return c.MaxTracked / 32
}

// logins is for how many logins there is room.
func (c Config) logins() int {
	if c.KnownThreshold == 0 {
		return 0
	}
	return min(c.MaxTracked, pairWays<<localBits) // more rooms than users cannot be told apart
}
