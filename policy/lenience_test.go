package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestNobodyWashesGuessesWithoutAName has an insider guess where the server tells
// no names, or under the name of the last attempt, and log in to his own
// account all the time.
func TestNobodyWashesGuessesWithoutAName(t *testing.T) {
	known := func(c *Config) { c.KnownThreshold, c.KnownFor, c.SoftThreshold4, c.AllPorts4 = 8, 2*time.Hour, 0, 0 }
	alone := func(c *Config) { c.SoftThreshold4 = 0 }
	again := func(times int, lines string) string {
		var b strings.Builder
		for n := range times {
			fmt.Fprintf(&b, lines, n, n)
		}
		return b.String()
	}
	rung(t, map[string]scenario{
		"no names, nobody is known": {alone, again(9, `
			%dm  fail 192.0.2.1
			%dm1s ok  192.0.2.1 u=eve`), []string{"8m0s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s"}},
		"no names": {known, again(13, `
			%dm  fail 192.0.2.1
			%dm1s ok  192.0.2.1 u=eve`), []string{"12m0s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s"}},
		"it is no worse an hour later": {known, again(12, `
			%dm  fail 192.0.2.1
			%dm1s ok  192.0.2.1 u=eve`) + `
			75m   fail 192.0.2.1 n=3
			75m1s ok   192.0.2.1 u=eve
			76m   fail 192.0.2.1 n=4`, nil},
		"his typing errors do not push out what was forgiven": {known, again(8, `
			%dm   fail 192.0.2.1
			%dm1s ok   192.0.2.1 u=eve`) + again(9, `
			2%dm  fail 192.0.2.1 n=60 u=eve s=9
			2%dm1s ok  192.0.2.1 u=eve`) + `
			30m   fail 192.0.2.1 n=4
			30m1s ok   192.0.2.1 u=eve
			31m   fail 192.0.2.1`, []string{"31m0s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s"}},
		"connections that end with his own name": {known, `
			0s ok   192.0.2.1 u=eve
			1m fail 192.0.2.1 n=6 o=5 u=eve by=login
			2m ok   192.0.2.1 u=eve
			3m fail 192.0.2.1 n=6 o=5 u=eve by=login
			4m ok   192.0.2.1 u=eve
			5m fail 192.0.2.1 n=6 o=5 u=eve by=login
			6m ok   192.0.2.1 u=eve
			7m fail 192.0.2.1 n=6 o=5 u=eve by=login
			8m ok   192.0.2.1 u=eve`, []string{"5m0s host 192.0.2.1/32 by auth_fail, 8, rank 1, for 10m0s"}},
		"of a user who is not known": {known, `
			1m fail 192.0.2.1 n=6 o=5 u=eve by=login`, []string{"1m0s host 192.0.2.1/32 by auth_fail, 6, rank 1, for 10m0s"}},
		"a typing error without a name is harmless": {alone, again(4, `
			%dm  fail 192.0.2.1
			%dm1s ok  192.0.2.1 u=bob`) + `
			5m fail 192.0.2.1 n=4`, nil},
		"several in one connection are, too": {alone, `
			0s fail 192.0.2.1 n=3 o=2 u=bob by=login
			1m ok   192.0.2.1 u=bob
			2m fail 192.0.2.1 n=3 o=2 u=bob by=login
			3m ok   192.0.2.1 u=bob
			4m fail 192.0.2.1 n=4 u=ann`, nil},
		"a phone that tries thrice in each connection": {known, `
			0s ok   192.0.2.1 u=bob
			1m fail 192.0.2.1 n=3 o=2 u=bob by=login
			2m fail 192.0.2.1 n=3 o=2 u=bob by=login
			3m ok   192.0.2.1 u=bob
			4m fail 192.0.2.1 n=3 o=2 u=bob by=login
			5m fail 192.0.2.1 n=3 o=2 u=bob by=login
			6m fail 192.0.2.1 n=3 o=2 u=bob by=login`, []string{"6m0s host 192.0.2.1/32 by auth_fail, 9, rank 1, for 10m0s"}},
		"what a database has told of the others holds": {known, `
			0s ok   192.0.2.1 u=eve
			1m fail 192.0.2.1 n=4 u=bob by=auth
			1m fail 192.0.2.1 u=eve by=auth
			1m9s fail 192.0.2.1 n=5 o=4 u=eve by=login in=9
			2m ok   192.0.2.1 u=eve
			3m fail 192.0.2.1 u=bob`, []string{"3m0s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s"}},
		"also when it is told later": {known, `
			0s ok   192.0.2.1 u=eve
			1m fail 192.0.2.1 n=5 o=4 u=eve by=login in=9
			1m fail 192.0.2.1 u=eve by=auth
			1m fail 192.0.2.1 n=4 u=bob by=auth
			2m ok   192.0.2.1 u=eve
			3m fail 192.0.2.1 u=bob`, []string{"3m0s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s"}},
	})
}
