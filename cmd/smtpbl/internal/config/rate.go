package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// rate is how many packets are logged in a unit of time.
type rate struct {
	packets uint64
	per     time.Duration
}

// maxRate is far more lines than any log takes, and small enough that the
// kernel's arithmetic in nanoseconds cannot overflow
// (linux net/netfilter/nft_limit.c).
const maxRate = 1_000_000

var rateUnits = []struct {
	name string
	per  time.Duration
}{
	{"second", time.Second},
	{"minute", time.Minute},
	{"hour", time.Hour},
	{"day", 24 * time.Hour},
}

func parseRate(s string) (rate, *problem) {
	wrong := &problem{message: fmt.Sprintf("%q is not a rate", s), hint: `write for example "3/minute"; the units are second, minute, hour and day`}
	number, unit, found := strings.Cut(s, "/")
	if !found {
		return rate{}, wrong
	}
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return rate{}, wrong
	}
	if n < 1 || n > maxRate {
		return rate{}, &problem{message: number + " is out of range", hint: fmt.Sprintf("write a number from 1 to %d", maxRate)}
	}
	for _, u := range rateUnits {
		if u.name == unit {
			return rate{n, u.per}, nil
		}
	}
	return rate{}, wrong
}

func (r rate) String() string {
	for _, u := range rateUnits {
		if u.per == r.per {
			return fmt.Sprintf("%d/%s", r.packets, u.name)
		}
	}
	return fmt.Sprintf("%d/%s", r.packets, r.per)
}
