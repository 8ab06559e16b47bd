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
		"sixteen users are told apart, no more": {func(c *Config) { on(c); c.KnownThreshold = 30 }, `
			0s ok   192.0.2.1 u=a
			0s ok   192.0.2.1 u=b
			0s ok   192.0.2.1 u=c
			0s ok   192.0.2.1 u=d
			0s ok   192.0.2.1 u=e
			0s ok   192.0.2.1 u=f
			0s ok   192.0.2.1 u=g
			0s ok   192.0.2.1 u=h
			0s ok   192.0.2.1 u=i
			0s ok   192.0.2.1 u=j
			0s ok   192.0.2.1 u=k
			0s ok   192.0.2.1 u=l
			0s ok   192.0.2.1 u=m
			0s ok   192.0.2.1 u=n
			0s ok   192.0.2.1 u=o
			0s ok   192.0.2.1 u=p
			0s ok   192.0.2.1 u=q
			1s fail 192.0.2.1 u=a
			1s fail 192.0.2.1 u=b
			1s fail 192.0.2.1 u=c
			1s fail 192.0.2.1 u=d
			1s fail 192.0.2.1 u=e
			1s fail 192.0.2.1 u=f
			1s fail 192.0.2.1 u=g
			1s fail 192.0.2.1 u=h
			1s fail 192.0.2.1 u=i
			1s fail 192.0.2.1 u=j
			1s fail 192.0.2.1 u=k
			1s fail 192.0.2.1 u=l
			1s fail 192.0.2.1 u=m
			1s fail 192.0.2.1 u=n
			1s fail 192.0.2.1 u=o
			2s fail 192.0.2.1 n=6 u=p
			3s fail 192.0.2.1 n=4 u=q
			4s fail 192.0.2.1 u=q`, []string{
			"4s host 192.0.2.1/32 by auth_fail, 26, rank 1, for 10m0s",
		}},
		"the window ends for what a summary may still ask for": {func(c *Config) { on(c); c.Window = 10 * time.Minute }, `
			0s  fail 192.0.2.1 n=4 s=7 u=bob
			0s  ok   192.0.2.2 u=eve
			0s  fail 192.0.2.2 n=4 s=7 u=bob
			9m59s fail 192.0.2.2 n=4 s=8 u=eve
			10m fail 192.0.2.1 u=bob
			10m fail 192.0.2.2 u=bob`, nil},
		"each of two domains is known by its own login": {on, `
			0s ok   192.0.2.1 u=bob@one.example
			1s ok   192.0.2.1 u=bob@two.example
			2s fail 192.0.2.1 n=4 u=bob@one.example
			3s fail 192.0.2.1 n=4 u=bob@two.example`, nil},
	})
}
