package policy

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// rungs are what a ladder is tested with. Of the few nets and accounts of the
// scenarios no two share a bit by this secret.
var rungs = Config{
	Window: time.Hour, Threshold4: 5, Threshold6: 3, BanTime: 10 * time.Minute, BanTimeMax: 2 * time.Hour, Secret: 100,
	SoftThreshold4: 3, SoftThreshold6: 2, SoftTime: 20 * time.Minute,
	AllPorts4: 8, AllPorts6: 5, AllPortsTime: 30 * time.Minute, Net4Hosts: 2, NetTime: 15 * time.Minute,
}

// tellSteps tells step, rule and count of decisions.
func tellSteps(out []Decision) []string {
	told := make([]string, 0, len(out))
	for _, d := range out {
		s := fmt.Sprintf("%s %s %s by %s, %d, rank %d, for %s", d.At.Sub(start), d.Step, d.Prefix, d.Rule, d.Failures, d.Rank, d.For())
		if d.Refusal != "" {
			s += ", spared: " + string(d.Refusal)
		}
		told = append(told, s)
	}
	return told
}

type scenario struct {
	cfg    func(*Config)
	script string
	want   []string
}

// rung plays scenarios on the ladder.
func rung(t *testing.T, scenarios map[string]scenario) {
	t.Helper()
	for name, s := range scenarios {
		t.Run(name, func(t *testing.T) {
			cfg := rungs
			if s.cfg != nil {
				s.cfg(&cfg)
			}
			e := New(cfg, start)
			if diff := cmp.Diff(s.want, playTelling(t, e, s.script, tellSteps), equalEmpty); diff != "" {
				t.Errorf("decisions (-want +got):\n%s", diff)
			}
			sound(t, e)
		})
	}
}

var equalEmpty = cmp.Transformer("all", func(s []string) map[int]string {
	m := map[int]string{}
	for i, v := range s {
		m[i] = v
	}
	return m
})

func TestLadder(t *testing.T) {
	rung(t, map[string]scenario{
		"each step has its own threshold and time": {nil, `
			0s fail 192.0.2.1 n=2
			1m fail 192.0.2.1
			2m fail 192.0.2.1
			3m fail 192.0.2.1
			4m fail 192.0.2.1 n=2
			5m fail 192.0.2.1
			6m fail 192.0.2.1 n=9
			7m fail 192.0.2.2 n=5`, []string{
			"1m0s soft 192.0.2.1/32 by auth_fail, 3, rank 0, for 20m0s",
			"3m0s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s",
			"5m0s all 192.0.2.1/32 by persist, 8, rank 1, for 30m0s",
			"7m0s host 192.0.2.2/32 by auth_fail, 5, rank 1, for 10m0s",
			"7m0s net 192.0.2.0/24 by net, 2, rank 1, for 15m0s",
		}},
		"the window ends for what a summary may still ask for": {func(c *Config) { c.Window, c.SoftThreshold4 = 10*time.Minute, 0 }, `
			0s  fail 192.0.2.1 n=4 s=7
			10m fail 192.0.2.1`, nil},
		"who is spared is told of once a window": {nil, `
			0s  fail 127.0.0.1 n=5
			1m  fail 127.0.0.1 n=5
			61m fail 127.0.0.1 n=5`, []string{
			"0s host 127.0.0.1/32 by auth_fail, 5, rank 1, for 10m0s, spared: loopback",
			"1h1m0s host 127.0.0.1/32 by auth_fail, 5, rank 1, for 10m0s, spared: loopback",
		}},
		"a login that works closes no ports": {func(c *Config) { c.SoftThreshold4, c.AllPorts4 = 0, 6 }, `
			0s fail 192.0.2.1 n=5 u=eve
			1s abuse 192.0.2.1
			1s ok  192.0.2.1 u=bob`, []string{"0s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s"}},
		"all ports take as many after an early ban": {func(c *Config) { c.Honeypots = []string{"pot"} }, `
			0s fail 192.0.2.1 u=pot
			1s fail 192.0.2.1 n=6
			2s fail 192.0.2.1
			3h fail 192.0.2.1 n=5
			3h fail 192.0.2.1 n=2
			3h fail 192.0.2.1`, []string{
			"0s host 192.0.2.1/32 by honeypot, 1, rank 1, for 10m0s",
			"2s all 192.0.2.1/32 by persist, 8, rank 1, for 30m0s",
			"3h0m0s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s",
			"3h0m0s all 192.0.2.1/32 by persist, 8, rank 1, for 30m0s",
		}},
		"IPv6": {nil, `
			0s fail 2001:db8::1 n=2
			1s fail 2001:db8::2
			2s fail 2001:db8::3 n=2`, []string{
			"0s soft 2001:db8::/64 by auth_fail, 2, rank 0, for 20m0s",
			"1s host 2001:db8::/64 by auth_fail, 3, rank 1, for 10m0s",
			"2s all 2001:db8::/64 by persist, 5, rank 1, for 30m0s",
		}},
		"the soft step ends, and begins anew": {nil, `
			0s  fail 192.0.2.1 n=3 u=eve
			19m fail 192.0.2.1 u=bob
			20m ok   192.0.2.1 u=bob
			38m abuse 192.0.2.1
			40m fail 192.0.2.1`, []string{
			"0s soft 192.0.2.1/32 by auth_fail, 3, rank 0, for 20m0s",
			"40m0s soft 192.0.2.1/32 by auth_fail, 4, rank 0, for 20m0s",
		}},
		"a login that works ends it": {nil, `
			0s fail 192.0.2.1 n=3 u=bob
			1m ok   192.0.2.1 u=bob
			2m fail 192.0.2.1 n=3 u=bob`, []string{
			"0s soft 192.0.2.1/32 by auth_fail, 3, rank 0, for 20m0s",
			"2m0s soft 192.0.2.1/32 by auth_fail, 3, rank 0, for 20m0s",
		}},
		"a login that works for one leaves another's failures": {nil, `
			0s fail 192.0.2.1 n=3 u=eve
			1m ok   192.0.2.1 u=bob
			2m fail 192.0.2.1 n=2 u=eve`, []string{
			"0s soft 192.0.2.1/32 by auth_fail, 3, rank 0, for 20m0s",
			"2m0s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s",
		}},
		"all ports are off": {func(c *Config) { c.AllPorts4 = 0 }, `
			0s fail 192.0.2.1 n=5
			1s fail 192.0.2.1 n=50`, []string{"0s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s"}},
		"what led to a ban is read again after a crash": {nil, `
			4s restore 192.0.2.1 bans=1 step=host until=10m
			0s fail 192.0.2.1 n=3
			4s fail 192.0.2.1 n=2
			5s fail 192.0.2.1 n=2
			6s fail 192.0.2.1`, []string{"6s all 192.0.2.1/32 by persist, 8, rank 1, for 30m0s"}},
		"the same where one failure led to it": {nil, `
			4s restore 192.0.2.1 bans=1 step=host rule=honeypot until=10m
			4s fail 192.0.2.1
			5s fail 192.0.2.1 n=6
			6s fail 192.0.2.1`, []string{"6s all 192.0.2.1/32 by persist, 8, rank 1, for 30m0s"}},
		"a ban at all ports that was restored": {nil, `
			0s restore 192.0.2.1 bans=3 step=host until=10m
			0s restore 192.0.2.1 bans=3 step=all until=30m
			15m fail 192.0.2.1 n=9
			31m fail 192.0.2.1 n=5`, []string{"31m0s host 192.0.2.1/32 by auth_fail, 5, rank 4, for 1h20m0s"}},
		"a pardon": {nil, `
			0s  fail   192.0.2.1 n=5
			1m  release 192.0.2.1
			1m  pardon 192.0.2.0/24 until=10m
			5m  fail   192.0.2.1 n=5
			9m  fail   192.0.2.1 n=5
			11m fail   192.0.2.1 n=2
			12m pardon 192.0.2.1 until=20m
			13m pardon 192.0.2.1
			14m fail   192.0.2.1 n=3`, []string{
			"0s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s",
			"5m0s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s, spared: pardon",
			"14m0s host 192.0.2.1/32 by auth_fail, 5, rank 2, for 20m0s",
		}},
	})
}

func TestRepeatOffenders(t *testing.T) {
	decay := func(c *Config) { c.SoftThreshold4, c.BanDecay = 0, time.Hour }
	rung(t, map[string]scenario{
		"quiet time takes doublings back one by one": {decay, `
			0s     fail 192.0.2.1 n=5
			10m    fail 192.0.2.1 n=5
			30m    fail 192.0.2.1 n=5
			130m   fail 192.0.2.1 n=5
			20h    fail 192.0.2.1 n=5`, []string{
			"0s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s",
			"10m0s host 192.0.2.1/32 by auth_fail, 5, rank 2, for 20m0s",
			"30m0s host 192.0.2.1/32 by auth_fail, 5, rank 3, for 40m0s",
			"2h10m0s host 192.0.2.1/32 by auth_fail, 5, rank 3, for 40m0s",
			"20h0m0s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s",
		}},
		"the cap": {decay, `
			0s restore 192.0.2.1 bans=200 step=host until=1s
			2s fail 192.0.2.1 n=5`, []string{"2s host 192.0.2.1/32 by auth_fail, 5, rank 5, for 2h0m0s"}},
	})
}

func TestBanExtra(t *testing.T) {
	cfg := rungs
	cfg.BanExtra, cfg.BanTime, cfg.SoftThreshold4, cfg.Net4Hosts = 10, time.Hour, 0, 0
	ends := map[time.Duration]int{}
	for range 2 {
		e := New(cfg, start)
		for n := range uint32(1000) {
			out := e.Observe(&Event{Time: start, Kind: AuthFail, Addr: addr4(0xc0000200 + n), Failures: 5}, nil)
			if len(out) != 1 || out[0].For() < time.Hour || out[0].For() > 66*time.Minute {
				t.Fatalf("decided %+v; want an hour and up to a tenth more", out)
			}
			ends[out[0].For()]++
		}
	}
	for d, n := range ends {
		if n > 40 || n%2 != 0 {
			t.Errorf("%d of 2000 bans last %s; want few, and as many in both runs", n, d)
		}
	}
	cfg.BanTime = cfg.BanTimeMax
	e := New(cfg, start)
	for n := range uint32(1000) {
		out := e.Observe(&Event{Time: start, Kind: AuthFail, Addr: addr4(0xc0000200 + n), Failures: 5}, nil)
		if d := out[0].For(); d > cfg.BanTimeMax || d < cfg.BanTimeMax*9/10 {
			t.Fatalf("a ban lasts %s, %s is the most", d, cfg.BanTimeMax)
		}
	}
}

func TestKnownLogins(t *testing.T) {
	known := func(c *Config) { c.KnownThreshold, c.KnownFor, c.SoftThreshold4 = 8, 2*time.Hour, 0 }
	rung(t, map[string]scenario{
		"somebody who is known may fail more often": {known, `
			0s fail 192.0.2.1 n=4 u=bob
			1m ok   192.0.2.1 u=Bob@example.org
			2m fail 192.0.2.1 n=7 u=bob@example.org
			3m fail 192.0.2.1 u=bob
			4m fail 192.0.2.1 n=71 u=bob
			5m fail 192.0.2.1 u=bob`, []string{"5m0s host 192.0.2.1/32 by auth_fail, 80, rank 1, for 10m0s"}},
		"several who are known may not all do so": {known, `
			0s ok   192.0.2.1 u=ann
			1m ok   192.0.2.1 u=bob
			2m fail 192.0.2.1 n=20 u=ann
			3m fail 192.0.2.1 n=2 u=bob
			4m fail 192.0.2.1 u=bob`, []string{"4m0s host 192.0.2.1/32 by auth_fail, 23, rank 1, for 10m0s"}},
		"but not with other names": {known, `
			1m ok   192.0.2.1 u=bob
			2m fail 192.0.2.1 n=4 u=ann
			3m fail 192.0.2.1 n=3 u=bob
			4m fail 192.0.2.1 u=ann`, []string{"4m0s host 192.0.2.1/32 by auth_fail, 8, rank 1, for 10m0s"}},
		"five strangers' failures are enough": {known, `
			1m ok   192.0.2.1 u=bob
			2m fail 192.0.2.1 n=2 u=bob
			3m fail 192.0.2.1 n=2 u=ann
			4m fail 192.0.2.1 n=2
			5m fail 192.0.2.1 u=eve`, []string{"5m0s host 192.0.2.1/32 by auth_fail, 7, rank 1, for 10m0s"}},
		"not from other addresses": {known, `
			1m ok   192.0.2.1 u=bob
			2m fail 192.0.2.2 n=5 u=bob`, []string{"2m0s host 192.0.2.2/32 by auth_fail, 5, rank 1, for 10m0s"}},
		"not for ever": {known, `
			0s   ok   192.0.2.1 u=bob
			121m fail 192.0.2.1 n=5 u=bob`, []string{"2h1m0s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s"}},
	})
}

func TestSpreadLowersThresholds(t *testing.T) {
	spread := func(c *Config) {
		c.AccountTime = time.Hour
		c.AccountNets, c.NetAccounts, c.SoftThreshold4, c.Net4Hosts = 2, 2, 0, 0
		c.KnownThreshold, c.KnownFor = 20, time.Hour
	}
	rung(t, map[string]scenario{
		"an account that many nets try": {spread, `
			0s fail 192.0.2.1 u=bob
			1s fail 198.51.100.1 u=bob
			2s fail 203.0.113.1 u=bob
			3s fail 203.0.113.1 u=bob
			4s fail 203.0.113.1 u=bob
			5s fail 203.0.113.1 u=bob
			6s fail 10.0.1.1 u=bob
			7s fail 10.0.2.1 u=bob
			8s fail 10.0.3.1 u=bob
			9s fail 10.0.4.1 u=bob
			10s fail 10.0.5.1 u=bob
			11s fail 10.0.6.1 u=bob
			12s fail 10.0.7.1 u=bob
			13s fail 10.0.8.1 u=bob
			14s fail 10.0.9.1 u=ann`, []string{
			"5s host 203.0.113.1/32 by account, 4, rank 1, for 1h0m0s",
			"12s host 10.0.7.1/32 by account, 1, rank 1, for 1h0m0s",
			"13s host 10.0.8.1/32 by account, 1, rank 1, for 1h0m0s",
		}},
		"who is known in the net is not concerned": {spread, `
			0s ok   10.9.9.1 u=bob
			0s fail 192.0.2.1 u=bob
			1s fail 198.51.100.1 u=bob
			2s fail 203.0.113.1 u=bob
			6s fail 10.0.1.1 u=bob
			7s fail 10.0.2.1 u=bob
			8s fail 10.0.3.1 u=bob
			9s fail 10.0.4.1 u=bob
			10s fail 10.0.5.1 u=bob
			11s fail 10.0.6.1 u=bob
			12s fail 10.9.9.7 n=4 u=bob
			12s fail 10.9.9.1 n=7 u=bob`, nil},
		"a net that tries many accounts": {spread, `
			0s fail 192.0.2.1 u=a1
			1s fail 192.0.2.2 u=a2
			2s fail 192.0.2.3 u=a3
			3s fail 192.0.2.4 u=a4
			4s fail 192.0.2.5 u=a5
			5s fail 192.0.2.6 n=2 u=a6
			6s fail 192.0.2.7 n=2 u=a7`, []string{
			"6s host 192.0.2.7/32 by spray, 2, rank 1, for 10m0s",
		}},
		"a net where many addresses fail, without names": {func(c *Config) { spread(c); c.NetFailing = 3 }, `
			0s fail 192.0.2.1
			1s fail 192.0.2.2
			2s fail 192.0.2.3 n=4
			3s fail 192.0.2.4 n=3
			4s fail 192.0.2.5 n=3
			5s fail 192.0.2.6 n=3`, []string{
			"4s host 192.0.2.5/32 by swarm, 3, rank 1, for 10m0s",
			"5s host 192.0.2.6/32 by swarm, 3, rank 1, for 10m0s",
		}},
		"accounts that work after all are no spray": {spread, `
			0s fail 192.0.2.1 u=a1
			0s ok   192.0.2.1 u=a1
			1s fail 192.0.2.2 u=a2
			1s ok   192.0.2.2 u=a2
			2s fail 192.0.2.3 u=a3
			2s ok   192.0.2.3 u=a3
			3s fail 192.0.2.4 u=a4
			3s ok   192.0.2.4 u=a4
			4s fail 192.0.2.5 u=a5
			4s ok   192.0.2.5 u=a5
			5s fail 192.0.2.6 u=a6
			5s ok   192.0.2.6 u=a6
			6s fail 192.0.2.7 n=4 u=a7`, nil},
	})
}

func TestHoneypots(t *testing.T) {
	pots := func(c *Config) { c.Honeypots = []string{"Backup", "scan@example.org"} }
	rung(t, map[string]scenario{
		"at first sight, in any domain and case": {pots, `
			0s fail 192.0.2.1 u=backup
			1s fail 203.0.113.1 u=BACKUP@example.net
			2s fail 198.51.100.1 u=scan@EXAMPLE.org
			3s fail 10.0.0.3 by=auth u=ann
			3s ok   10.0.0.3 u=ann
			3s fail 10.0.0.3 by=auth u=backup
			3s fail 10.0.0.1 u=scan@example.net
			3s fail 10.0.0.1 u=scan
			4s fail 127.0.0.1 u=backup
			5s ok   10.0.0.2 u=backup`, []string{
			"0s host 192.0.2.1/32 by honeypot, 1, rank 1, for 10m0s",
			"1s host 203.0.113.1/32 by honeypot, 1, rank 1, for 10m0s",
			"2s host 198.51.100.1/32 by honeypot, 1, rank 1, for 10m0s",
			"4s host 127.0.0.1/32 by honeypot, 1, rank 1, for 10m0s, spared: loopback",
		}},
	})
}

func TestAnOutageIsNoAttack(t *testing.T) {
	fails := func(c *Config) {
		c.OutageFaults, c.SoftThreshold4, c.Net4Hosts = 4, 0, 0
		c.KnownThreshold, c.KnownFor = 9, 9*time.Hour
	}
	rung(t, map[string]scenario{
		"failures of the time of the faults never count": {fails, `
			0s fault 192.0.2.1
			1s fault 192.0.2.2
			2s fault 192.0.2.3
			3s fault 192.0.2.1
			4s fail  192.0.2.9 n=9 s=7
			70s fail 192.0.2.9 n=4
			71s session 192.0.2.9 n=9 s=7
			72s fail 192.0.2.9`, []string{"1m12s host 192.0.2.9/32 by auth_fail, 5, rank 1, for 10m0s"}},
		"faults of one client alone change nothing": {fails, `
			0s fault 192.0.2.1
			1s fault 192.0.2.1
			2s fault 192.0.2.1
			3s fault 192.0.2.1
			4s fail  192.0.2.9 n=9`, []string{"4s host 192.0.2.9/32 by auth_fail, 9, rank 1, for 10m0s"}},
		"nor do faults among logins that work": {fails, `
			0s ok 192.0.2.1
			0s ok 192.0.2.1
			0s ok 192.0.2.1
			0s ok 192.0.2.1
			0s fault 192.0.2.1
			1s fault 192.0.2.2
			2s fault 192.0.2.3
			3s fault 192.0.2.4
			4s fail  192.0.2.9 n=9`, []string{"4s host 192.0.2.9/32 by auth_fail, 9, rank 1, for 10m0s"}},
		"logins that work again end it": {fails, `
			0s fault 192.0.2.1
			1s fault 192.0.2.2
			2s fault 192.0.2.3
			3s fault 192.0.2.1
			4s ok 192.0.2.1
			4s ok 192.0.2.1
			4s ok 192.0.2.1
			4s ok 192.0.2.1
			5s fail 192.0.2.9 n=5`, []string{"5s host 192.0.2.9/32 by auth_fail, 5, rank 1, for 10m0s"}},
		"a database that knows nobody any more": {fails, `
			0s ok 192.0.2.1 u=a
			0s ok 192.0.2.2 u=b
			0s ok 192.0.2.3 u=c
			0s ok 192.0.2.4 u=d
			90s fail 192.0.2.1 u=a n=3
			90s fail 192.0.2.2 u=b n=3
			90s fail 192.0.2.3 u=c n=3
			90s fail 192.0.2.4 u=d n=3
			95s fail 192.0.2.1 u=a n=7
			95s fail 192.0.2.5 u=e n=7`, nil},
	})
}

func TestPausedTellsSince(t *testing.T) {
	cfg := rungs
	cfg.OutageFaults = 3
	e := New(cfg, start)
	play(t, e, `
		0s fault 192.0.2.1
		1s fault 192.0.2.2
		2s fault 192.0.2.3`)
	if since, paused := e.Paused(start.Add(3 * time.Second)); !paused || !since.Equal(start.Add(2*time.Second)) {
		t.Errorf("paused %v since %s", paused, since)
	}
	if _, paused := e.Paused(start.Add(2 * time.Minute)); paused {
		t.Error("still paused after two minutes without a fault")
	}
}
