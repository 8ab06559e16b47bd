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

// TestStandingOfKnownUsers tells how many failures more of other users ban, and
// wants the ban to come with the last of them.
func TestStandingOfKnownUsers(t *testing.T) {
	for name, tt := range map[string]struct {
		known, strange int // failures
		more           int
	}{
		"nobody failed":          {0, 0, 5},
		"strangers alone":        {0, 3, 2},
		"a known user alone":     {7, 0, 5},
		"both":                   {4, 3, 2},
		"few are left of either": {8, 4, 1},
		"many of four users":     {18, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			e := New(Config{
				Window: time.Hour, Threshold4: 5, Threshold6: 5, BanTime: time.Hour, BanTimeMax: time.Hour,
				KnownThreshold: 20, KnownFor: time.Hour,
			}, start)
			users := []string{"a", "b", "c", "d"}
			for _, u := range users {
				e.Observe(&Event{Time: start, Kind: AuthOK, Addr: addr4(0xc0000201), User: []byte(u), Witness: WitnessMTA}, nil)
			}
			at := start
			fail := func(user string) []Decision {
				at = at.Add(time.Minute / 4) // apart, so that no report is taken for another's
				return e.Observe(&Event{Time: at, Kind: AuthFail, Addr: addr4(0xc0000201), User: []byte(user), Witness: WitnessMTA}, nil)
			}
			var out []Decision
			for i := range tt.known {
				out = append(out, fail(users[i*len(users)/max(tt.known, 8)])...)
			}
			for range tt.strange {
				out = append(out, fail("eve")...)
			}
			s := e.Standing(addr4(0xc0000201), at)
			if len(out) != 0 || s.Failures != tt.known+tt.strange || s.Known != tt.known || s.More != tt.more {
				t.Fatalf("decided %v; standing %+v, want %d more", out, s, tt.more)
			}
			for n := 1; n <= tt.more; n++ {
				if out := fail("eve"); (len(out) > 0) != (n == tt.more) {
					t.Errorf("after %d more: %v, want a ban after %d", n, out, tt.more)
				}
			}
		})
	}
}
