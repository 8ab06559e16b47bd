package main

import "time"

// attacks returns every attack, those of a botnet first.
func attacks() []attack {
	const (
		hourly, jitter = time.Hour, 6 * time.Minute
		// patience makes four tries in any 24 hours, however the jitter falls.
		patience, steady = 6*time.Hour + time.Minute, 10 * time.Second
	)
	return []attack{
		{Name: "spread-1", About: "each in a /24 of its own, at one account", bots: whole, from: strewn, every: hourly, jitter: jitter, account: few(1)},
		{Name: "spread-20", About: "the same at 20 accounts", bots: whole, from: strewn, every: hourly, jitter: jitter, account: few(20)},
		{Name: "spread-100", About: "the same at 100 accounts, half of them of people who travel", bots: whole, from: strewn, every: hourly, jitter: jitter, account: few(100)},
		{Name: "spread-all", About: "the same at all accounts", bots: whole, from: strewn, every: hourly, jitter: jitter, account: all},
		{Name: "nets", About: "50 in each of so many /24s, at all accounts", bots: whole, from: clustered, every: hourly, jitter: jitter, account: all},
		{Name: "patient-20", About: "four tries in 24 h each, at 20 accounts", bots: whole, from: strewn, every: patience, jitter: steady, account: few(20)},
		{Name: "patient-all", About: "the same at all accounts", bots: whole, from: strewn, every: patience, jitter: steady, account: all},
		{Name: "names", About: "each in a /24 of its own, a new name that nobody has each time", bots: whole, from: strewn, every: hourly, jitter: jitter, account: nobody},
		{Name: "dictionary", About: "the same at 200 common names, 20 of them honeypots in the last row", bots: whole, from: strewn, every: hourly, jitter: jitter, account: dictionary, pots: true},
		{Name: "dictionary-30", About: "30 addresses at them, so few that no account stands out", bots: number(30), from: strewn, every: hourly, jitter: jitter, account: dictionary, pots: true},
		{Name: "ipv6", About: "each in a /64 of one /48, at 20 accounts", bots: whole, from: one48, every: hourly, jitter: jitter, account: few(20)},
		{Name: "spray", About: "250 hosts of one /24, four tries in 24 h each, at all accounts", bots: number(250), from: oneNet, every: patience, jitter: steady, account: all},
		{Name: "spray-names", About: "the same, a new name that nobody has each time", bots: number(250), from: oneNet, every: patience, jitter: steady, account: nobody},
		{Name: "burst", About: "one address, a try a second", bots: number(1), from: oneNet, every: time.Second, account: few(1)},
		{Name: "washer", About: "one address, a try a minute at all accounts, with logins at an account of its own", bots: number(1), from: oneNet, every: time.Minute, account: all, own: []byte("insider@example.org")},
		{Name: "carrier", About: "a host behind the carrier's NAT, a try a minute at all accounts", bots: number(1), from: sharedAddress, every: time.Minute, account: all},
		{Name: "insider", About: "the same, at accounts of the people behind that NAT alone", bots: number(1), from: sharedAddress, every: time.Minute, account: sharers},
		{Name: "neighbour", About: "3 hosts in a /24 of homes, a try a minute at all accounts", bots: number(3), from: besideHomes, every: time.Minute, account: all},
	}
}
