package compare

import "time"

// Report is the document of "smtpbl scan --compare --json".
type Report struct {
	// Old and New name the two configurations.
	Old    string `json:"old"`
	New    string `json:"new"`
	Lines  uint64 `json:"lines"`
	Events uint64 `json:"events"`
	// From and To are the times of the first and the last event, null where
	// there is none.
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
	// Made is how many bans each policy makes, and Banned how many prefixes
	// that hits.
	Made   Pair[int] `json:"bans_made"`
	Banned Pair[int] `json:"prefixes_banned"`
	// Gained are bans of the new policy alone, Lost of the old one alone, Kept
	// of both, each by the time of its beginning. Both sums Kept up.
	Gained     []Ban      `json:"gained"`
	Lost       []Ban      `json:"lost"`
	Kept       []Kept     `json:"kept"`
	Both       Both       `json:"both"`
	Collateral Collateral `json:"collateral"`
	// HalfHours are how many bans begin in each half hour of the day, from
	// midnight on.
	HalfHours Pair[[]int] `json:"half_hours"`
}

// Pair is one value for each policy.
type Pair[T any] struct {
	Old T `json:"old"`
	New T `json:"new"`
}

// Both is how many prefixes both policies ban, and of them, how many the new
// one bans earlier, later, longer in all or shorter.
type Both struct {
	Prefixes int `json:"prefixes"`
	Earlier  int `json:"earlier"`
	Later    int `json:"later"`
	Longer   int `json:"longer"`
	Shorter  int `json:"shorter"`
}

// Ban is all that one policy does to one prefix. At, Until, Reason and Failures
// are those of its first ban.
type Ban struct {
	Addr string `json:"addr"`
	Sentence
}

// Sentence is a Ban without its address.
type Sentence struct {
	// By is the net whose ban was the first, empty where it was the prefix's own.
	By       string    `json:"by,omitempty"`
	At       time.Time `json:"at"`
	Until    time.Time `json:"until"`
	Reason   string    `json:"reason"`
	Failures int       `json:"failures"`
	Step     string    `json:"step"`
	Bans     int       `json:"bans"`
	// Banned is how long in all.
	Banned float64 `json:"banned_seconds"`
}

// Kept is a prefix that both policies ban.
type Kept struct {
	Addr string   `json:"addr"`
	Old  Sentence `json:"old"`
	New  Sentence `json:"new"`
	// Earlier is by how much the new policy bans earlier, Longer how much
	// longer in all; negative numbers are later and shorter.
	Earlier float64 `json:"earlier_seconds"`
	Longer  float64 `json:"longer_seconds"`
}

// Collateral is who logged in from addresses that a policy bans.
type Collateral struct {
	// Addresses is how many there are, and Within for how many of them a login
	// that worked would have been kept out.
	Addresses Pair[int] `json:"addresses"`
	Within    Pair[int] `json:"within"`
	// Logins are the addresses, those first that would have been kept out.
	Logins []Login `json:"logins"`
}

// Login is one such address.
type Login struct {
	Addr      string   `json:"addr"`
	Users     []string `json:"users"`
	Successes int      `json:"successes"`
	// Old and New are null where the policy does not ban the address.
	Old *Meeting `json:"old"`
	New *Meeting `json:"new"`
}

// Meeting is how a login and the bans of one policy meet. Success is the time
// of the first login within a ban, else of the last one.
type Meeting struct {
	When    When      `json:"when"`
	Success time.Time `json:"success"`
	Sentence
}
