package main

import (
	"net/netip"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// firewall stands for the kernel's sets: it holds what the Engine decided and
// nothing else, with ends since the beginning of the run.
type firewall struct{ ends map[netip.Prefix]ends }

// ends are the ends of a prefix's bans, one for each thing that is closed.
type ends struct{ mail, all, soft time.Duration }

func newFirewall() *firewall { return &firewall{map[netip.Prefix]ends{}} }

// take enforces d.
func (f *firewall) take(d *policy.Decision) {
	if d.Refusal != "" {
		return
	}
	e, until := f.ends[d.Prefix], d.Until.Sub(start)
	switch d.Step {
	case policy.StepSoft:
		e.soft = max(e.soft, until)
	case policy.StepHost, policy.StepNet:
		e.mail = max(e.mail, until)
	case policy.StepAll:
		e.all = max(e.all, until)
	}
	f.ends[d.Prefix] = e
}

// dropped tells whether packets from a to the protocol's port are dropped. By
// default the ports of bans are those of SMTP alone.
func (f *firewall) dropped(a netip.Addr, p policy.Protocol, at time.Duration) bool {
	for _, prefix := range [...]netip.Prefix{hostOf(a), netOf(a)} {
		if e := f.ends[prefix]; e.all > at || p == policy.SMTP && e.mail > at {
			return true
		}
	}
	return false
}

// soft tells whether the Engine said that a's mail is turned away, which a
// login that works may have ended since.
func (f *firewall) soft(a netip.Addr, at time.Duration) bool { return f.ends[hostOf(a)].soft > at }

// hostOf is what a ban of a covers: the address, or its /64.
func hostOf(a netip.Addr) netip.Prefix { return within(a, 32, 64) }

// netOf is what the ban of a's net covers.
func netOf(a netip.Addr) netip.Prefix { return within(a, 24, 48) }

func within(a netip.Addr, bits4, bits6 int) netip.Prefix {
	bits := bits6
	if a.Is4() {
		bits = bits4
	}
	p, _ := a.Prefix(bits) // the bits fit the address
	return p
}
