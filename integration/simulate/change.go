package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// changes are values of keys that differ from the defaults, as a flag.
type changes []func(*policy.Config)

var errNoKey = errors.New("no such key")

// String is what the flag package prints as the default.
func (c *changes) String() string { return "" }

// Set takes "key=value", several with commas between them. The keys are those
// of the configuration's table policy that have numbers or durations.
func (c *changes) Set(list string) error {
	for one := range strings.SplitSeq(list, ",") {
		key, value, _ := strings.Cut(one, "=")
		change, err := changeOf(strings.TrimSpace(key), strings.TrimSpace(value))
		if err != nil {
			return fmt.Errorf("set %q: %w", one, err)
		}
		*c = append(*c, change)
	}
	return nil
}

// apply makes the changes.
func (c changes) apply(p *policy.Config) {
	for _, change := range c {
		change(p)
	}
}

func changeOf(key, value string) (func(*policy.Config), error) {
	var scratch policy.Config
	if n, d := field(&scratch, key); n != nil {
		v, err := strconv.Atoi(value)
		return func(p *policy.Config) { n, _ := field(p, key); *n = v }, err
	} else if d != nil {
		v, err := time.ParseDuration(value)
		return func(p *policy.Config) { _, d := field(p, key); *d = v }, err
	}
	return nil, errNoKey
}

// field returns the place of a key's value: a number or a duration.
func field(p *policy.Config, key string) (*int, *time.Duration) {
	numbers := map[string]*int{
		"threshold4": &p.Threshold4, "threshold6": &p.Threshold6, "net4_hosts": &p.Net4Hosts, "net6_hosts": &p.Net6Hosts,
		"ban_extra": &p.BanExtra, "soft_threshold4": &p.SoftThreshold4, "soft_threshold6": &p.SoftThreshold6,
		"all_ports4": &p.AllPorts4, "all_ports6": &p.AllPorts6, "known_threshold": &p.KnownThreshold,
		"account_nets": &p.AccountNets, "net_accounts": &p.NetAccounts, "net_failing": &p.NetFailing, "outage_faults": &p.OutageFaults, "max_tracked": &p.MaxTracked,
	}
	durations := map[string]*time.Duration{
		"window": &p.Window, "ban_time": &p.BanTime, "ban_time_max": &p.BanTimeMax, "net_time": &p.NetTime, "ban_decay": &p.BanDecay,
		"soft_time": &p.SoftTime, "all_ports_time": &p.AllPortsTime, "known_for": &p.KnownFor, "account_time": &p.AccountTime,
	}
	return numbers[key], durations[key]
}
