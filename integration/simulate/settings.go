package main

import (
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// setting is a configuration with a name for the tables.
type setting struct {
	Name   string
	Config policy.Config
}

// defaults are those of cmd/smtpbl/internal/config/smtpbl.toml; a test compares.
func defaults() policy.Config {
	return policy.Config{
		Window: 24 * time.Hour, Threshold4: 5, Threshold6: 3,
		BanTime: 4 * time.Hour, BanTimeMax: 720 * time.Hour, Net4Hosts: 5, Net6Hosts: 5, NetTime: 4 * time.Hour,
		BanExtra: 10, BanDecay: 168 * time.Hour,
		SoftThreshold4: 3, SoftThreshold6: 2, SoftTime: time.Hour,
		AllPortsTime: 24 * time.Hour, KnownThreshold: 20, KnownFor: 168 * time.Hour,
		AccountNets: 5, AccountTime: 24 * time.Hour, NetAccounts: 10, NetFailing: 16, OutageFaults: 10, MaxTracked: 1 << 20,
		Secret: 1, // so that a seed tells all
	}
}

// without is c with all that looks further than one address's failures off.
func without(c policy.Config) policy.Config {
	c.BanExtra, c.BanDecay = 0, 0
	c.SoftThreshold4, c.SoftThreshold6 = 0, 0
	c.AllPorts4, c.AllPorts6 = 0, 0
	c.KnownThreshold, c.OutageFaults = 0, 0
	c.AccountNets, c.NetAccounts, c.NetFailing = 0, 0, 0
	c.Honeypots = nil
	return c
}

// settings are what the tables compare: the defaults but for changes.
func settings(set changes) []setting {
	with := defaults()
	set.apply(&with)
	pots := with
	pots.Honeypots = common
	return []setting{{"without", without(with)}, {"with", with}, {"with honeypots", pots}}
}

// settings is how many of them are tried on a.
func (a *attack) settings() int {
	if a.pots {
		return 3
	}
	return 2
}
