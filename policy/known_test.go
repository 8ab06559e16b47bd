package policy

import (
	"testing"
	"time"
)

// TestKnownUsers tells who is taken for a user who logged in from there, and
// who is not.
func TestKnownUsers(t *testing.T) {
	on := func(c *Config) {
		c.KnownThreshold, c.KnownFor, c.SoftThreshold4, c.AllPorts4, c.Net4Hosts = 9, 9*time.Hour, 0, 0, 0
	}
	rung(t, map[string]scenario{
		"the same name in another domain is somebody else": {on, `
			0s ok   192.0.2.1 u=bob@evil.example
			1s fail 192.0.2.1 n=5 u=bob@victim.example`, []string{
			"1s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s",
		}},
		"a name without a domain is the same person": {on, `
			0s ok   192.0.2.1 u=bob
			1s fail 192.0.2.1 n=4 u=bob@example.org
			2s fail 192.0.2.1 n=4 u=BOB
			3s ok   192.0.2.2 u=bob@example.org
			4s fail 192.0.2.2 n=8 u=bob`, nil},
		"a login without a domain leaves two of that name apart": {on, `
			0s ok   192.0.2.1 u=bob
			1s ok   192.0.2.1 u=bob@evil.example
			2s fail 192.0.2.1 n=5 u=bob@victim.example`, []string{
			"2s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s",
		}},
		"each of two domains is known by its own login": {on, `
			0s ok   192.0.2.1 u=bob@one.example
			1s ok   192.0.2.1 u=bob@two.example
			2s fail 192.0.2.1 n=4 u=bob@one.example
			3s fail 192.0.2.1 n=4 u=bob@two.example`, nil},
	})
}
