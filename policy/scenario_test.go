package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ban1 = " ban 192.0.2.1/32 rank 1 for 10m0s count 3"

func TestScenarios(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		want   []string
	}{
		"third failure bans": {`
			0s fail 192.0.2.1
			1m fail 192.0.2.1
			2m fail 192.0.2.1`, []string{"2m0s" + ban1}},
		"window slides": {`
			0s  fail 192.0.2.1
			30m fail 192.0.2.1
			60m fail 192.0.2.1
			89m fail 192.0.2.1`, []string{"1h29m0s" + ban1}},
		"IPv6 counts by /64, mapped IPv4 as IPv4": {`
			0s fail 2001:db8::1
			1s fail 2001:db8::2
			2s fail ::ffff:192.0.2.1
			3s fail 192.0.2.1 n=2`, []string{"1s ban 2001:db8::/64 rank 1 for 10m0s count 2", "3s" + ban1}},
		"nothing counts while banned, the count starts anew": {`
			0s    fail 192.0.2.1 n=3
			5m    fail 192.0.2.1 n=9
			10m0s fail 192.0.2.1 n=2
			10m1s fail 192.0.2.1`, []string{"0s" + ban1, "10m1s ban 192.0.2.1/32 rank 2 for 20m0s count 3"}},
		"ladder up to its end, then forgotten": {`
			0s   fail 192.0.2.1 n=3
			10m  fail 192.0.2.1 n=3
			30m  fail 192.0.2.1 n=3
			70m  fail 192.0.2.1 n=3
			150m fail 192.0.2.1 n=3`, []string{
			"0s" + ban1, "10m0s ban 192.0.2.1/32 rank 2 for 20m0s count 3",
			"30m0s ban 192.0.2.1/32 rank 3 for 40m0s count 3", "1h10m0s ban 192.0.2.1/32 rank 4 for 40m0s count 3",
			"2h30m0s" + ban1,
		}},
		"net": {`
			0s fail 192.0.2.1 n=3
			1s fail 192.0.2.2 n=3
			2s fail 192.0.2.3 n=3
			3s fail 192.0.2.4 n=3`, []string{
			"0s" + ban1, "1s ban 192.0.2.2/32 rank 1 for 10m0s count 3",
			"2s ban 192.0.2.3/32 rank 1 for 10m0s count 3", "2s ban 192.0.2.0/24 rank 1 for 10m0s count 3",
		}},
		"no net where the bans do not overlap": {`
			0s  fail 192.0.2.1 n=3
			1s  fail 192.0.2.2 n=3
			10m fail 192.0.2.3 n=3`, []string{
			"0s" + ban1, "1s ban 192.0.2.2/32 rank 1 for 10m0s count 3",
			"10m0s ban 192.0.2.3/32 rank 1 for 10m0s count 3",
		}},
		"restored bans count towards the net": {`
			0s restore 2001:db8:0:1::/64 bans=4 until=5m
			1s fail 2001:db8:0:2::1 n=2`, []string{
			"1s ban 2001:db8:0:2::/64 rank 1 for 10m0s count 2", "1s ban 2001:db8::/48 rank 1 for 10m0s count 2",
		}},
		"restored rank": {`
			-10m restore 192.0.2.1 bans=1 until=-1m
			0s   fail 192.0.2.1 n=3`, []string{"0s ban 192.0.2.1/32 rank 2 for 20m0s count 3"}},
		"spared once a window, and only itself": {`
			0s  exempt 2001:db8::1
			1s  fail 2001:db8::1 n=2
			2s  fail 2001:db8::1 n=2
			3s  fail 2001:db8::2
			61m fail 2001:db8::1 n=2`, []string{"1s spare 2001:db8::/64 own_address", "1h1m0s spare 2001:db8::/64 own_address"}},
		"no client": {`
			0s fail 0.0.0.0 n=9
			0s fail ff02::1 n=9
			0s fail 127.0.0.1 n=3`, []string{"0s spare 127.0.0.1/32 loopback"}},
		"what others ban counts all the same": {`
			0s hold 192.0.2.0/25 until=5m
			0s hold 192.0.2.0/24 until=5m
			0s hold 192.0.2.1 until=24h
			1m fail 192.0.2.1 n=3`, []string{"1m0s" + ban1}},
		"a ban by hand leaves the rank alone": {`
			-10m restore 192.0.2.1 bans=2 until=-5m
			0s   hold 192.0.2.1 until=1m
			30s  fail 192.0.2.1 n=2
			2m   fail 192.0.2.1`, []string{"2m0s ban 192.0.2.1/32 rank 3 for 40m0s count 3"}},
		"restored net": {`
			0s restore 192.0.2.0/24 bans=1 until=5m
			1m fail 192.0.2.1 n=3
			5m fail 192.0.2.1 n=3`, []string{"5m0s" + ban1}},
		"released while held": {`
			0s hold 192.0.2.1 until=24h
			1m fail 192.0.2.1 n=2
			2m release 192.0.2.1
			2m fail 192.0.2.1 n=2
			3m fail 192.0.2.1`, []string{"3m0s" + ban1}},
		"released: failures forgotten, summary too, rank kept": {`
			0s fail 192.0.2.1 n=3 s=7
			1s release 192.0.2.1
			2s session 192.0.2.1 n=3 s=7
			3s fail 192.0.2.1 n=3`, []string{"0s" + ban1, "3s ban 192.0.2.1/32 rank 2 for 20m0s count 3"}},
		"success forgives its user and the nameless": {`
			0s fail 192.0.2.1 u=bob
			1s fail 192.0.2.1
			2s ok   192.0.2.1 u=BOB@example.org
			3s fail 192.0.2.1 u=bob n=2`, nil},
		"success forgives no other user": {`
			0s fail 192.0.2.1 u=eve@example.org
			1s fail 192.0.2.1 u=bob@example.net
			2s ok   192.0.2.1 u=bob@example.org
			3s fail 192.0.2.1 u=ann`, []string{"3s" + ban1}},
		"forgiven failures stay known to the summary": {`
			0s fail    192.0.2.1 u=bob n=2 s=5
			9s ok      192.0.2.1 u=bob
			9s session 192.0.2.1 n=2 ok=1 s=5
			9s fail    192.0.2.1 u=bob n=2`, nil},
		"several witnesses, one failure": {`
			0s  fail 192.0.2.1 u=bob by=auth
			2s  fail 192.0.2.1 by=mta s=3
			3s  fail 192.0.2.1 u=bob by=login n=2
			9s  session 192.0.2.1 n=1 s=3
			10s fail 192.0.2.1 u=bob by=login`, []string{"10s" + ban1}},
		"too far apart is another failure": {`
			0s  fail 192.0.2.1 by=auth
			41s fail 192.0.2.1 by=mta
			82s fail 192.0.2.1 by=auth`, []string{"1m22s" + ban1}},
		"summary counts what no line told": {`
			0s fail    192.0.2.1 s=3
			5m session 192.0.2.1 n=3 s=3`, []string{"5m0s" + ban1}},
		"excused": {`
			0s fault   192.0.2.1 x=2 s=3
			1s session 192.0.2.1 n=2 s=3
			2s fail    192.0.2.1 n=2`, nil},
		"a process id comes back": {`
			0s fail    192.0.2.1 s=3
			1s session 192.0.2.1 n=1 s=3
			2s session 192.0.2.1 n=2 s=3`, []string{"2s" + ban1}},
		"summary without a session": {`
			0s fail    192.0.2.1 n=2 s=3
			1s session 192.0.2.1 n=2
			2s fail    192.0.2.1`, []string{"2s" + ban1}},
		"a miss in a chain counts no more once seen": {`
			0s fail 192.0.2.1 u=bob by=auth
			0s ok   192.0.2.1 u=bob
			5m fail 192.0.2.2 u=ann by=auth n=9
			6m fail 192.0.2.2 u=ann n=3`, []string{"6m0s ban 192.0.2.2/32 rank 1 for 10m0s count 3"}},
		"a session that worked contradicts": {`
			0s fail    192.0.2.1 u=bob by=auth
			1s session 192.0.2.1 ok=1 s=9
			2s fail    192.0.2.1 n=2 s=10
			3s fail    192.0.2.9 by=auth n=3`, nil},
		"a password typed again teaches nothing": {`
			0s fail 192.0.2.1 u=bob by=auth
			5s ok   192.0.2.1 u=bob
			9s fail 192.0.2.1 u=bob by=auth n=3`, []string{"9s" + ban1}},
		"late lines count where they belong": {`
			30m fail 192.0.2.1
			10m fail 192.0.2.1
			75m fail 192.0.2.1
			76m fail 192.0.2.1`, []string{"1h16m0s" + ban1}},
		"a wrong stamp ahead": {`
			9000h fail 192.0.2.1 n=3
			0s    fail 192.0.2.1 n=2
			1s    fail 192.0.2.1`, []string{"9000h0m0s" + ban1, "1s ban 192.0.2.1/32 rank 2 for 20m0s count 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, play(t, New(testConfig, start), c.script)); diff != "" {
				t.Errorf("decisions (-want +got):\n%s", diff)
			}
		})
	}
}
