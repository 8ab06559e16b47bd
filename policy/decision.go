package policy

import (
	"net/netip"
	"strconv"
	"time"
)

// Step is the rung of the ladder that a ban stands on; a metric label.
type Step string

// The steps, from the mildest.
const (
	StepSoft Step = "soft" // the mail server is told to turn it away with a text; no packet is dropped
	StepHost Step = "host" // one IPv4 address, or one IPv6 /64, at the mail ports
	StepAll  Step = "all"  // the same at all ports
	StepNet  Step = "net"  // an IPv4 /24 or an IPv6 /48 with many banned hosts
)

// Rule is what caused a decision; a metric label.
type Rule string

// The rules.
const (
	RuleAuthFail Rule = "auth_fail" // too many failed logins
	RuleNet      Rule = "net"       // too many banned hosts in one net
	RuleManual   Rule = "manual"    // banned by hand; never made by the Engine
	RuleHoneypot Rule = "honeypot"  // a login name that nobody has
	RuleAccount  Rule = "account"   // failed at an account that many nets try
	RuleSpray    Rule = "spray"     // in a net that tries many accounts
	RuleSwarm    Rule = "swarm"     // in a net where many addresses fail
	RulePersist  Rule = "persist"   // went on at ports that its ban does not close
)

// Rules are all rules.
var Rules = []Rule{RuleAuthFail, RuleNet, RuleManual, RuleHoneypot, RuleAccount, RuleSpray, RuleSwarm, RulePersist}

// Refusal is why an address that earned a ban is spared; a metric label.
type Refusal string

// The refusals. The empty Refusal is a ban.
const (
	RefusedNeverBan   Refusal = "never_ban"
	RefusedLoopback   Refusal = "loopback"
	RefusedLinkLocal  Refusal = "link_local"
	RefusedOwn        Refusal = "own_address"
	RefusedGateway    Refusal = "gateway"
	RefusedContainer  Refusal = "container"   // in the net of a container bridge
	RefusedResolver   Refusal = "resolver"    // a name server that this machine asks
	RefusedSSH        Refusal = "ssh_session" // somebody is logged in from there
	RefusedMyNetworks Refusal = "mynetworks"  // Postfix lets it relay
	RefusedPardon     Refusal = "pardon"      // unbanned by hand, for a while
)

// Refusals lists every refusal, for metrics that start at zero.
var Refusals = []Refusal{
	RefusedNeverBan, RefusedLoopback, RefusedLinkLocal, RefusedOwn, RefusedGateway,
	RefusedContainer, RefusedResolver, RefusedSSH, RefusedMyNetworks, RefusedPardon,
}

// Decision is what the Engine makes of events: ban Prefix from At until Until,
// or, where Refusal is set, do not although the count says so.
type Decision struct {
	Prefix  netip.Prefix
	Step    Step
	Rule    Rule
	Refusal Refusal
	// At is the time of the event that decided it, Until the end of the ban.
	At, Until time.Time
	// Failures is how many failed logins were counted (StepHost) or how many
	// hosts of the net are banned (StepNet).
	Failures int
	// Abuses is how many of the Failures are abuse instead (Config.CountAbuse).
	Abuses int
	// Over is the time between the first and the last counted failure.
	Over time.Duration
	// Rank is 1 for the first ban of this prefix, 2 for the second, …
	Rank int
}

// Ban tells whether packets are to be dropped, as opposed to sparing the
// prefix or turning it away softly.
func (d *Decision) Ban() bool { return d.Refusal == "" && d.Step != StepSoft }

// For returns how long the ban lasts.
func (d *Decision) For() time.Duration { return d.Until.Sub(d.At) }

// Reason says in one phrase why, for people to read.
func (d *Decision) Reason() string { return string(d.AppendReason(nil)) }

// AppendReason appends what Reason returns.
func (d *Decision) AppendReason(b []byte) []byte {
	if d.Step == StepNet {
		b = strconv.AppendInt(b, int64(d.Failures), 10)
		return d.Prefix.AppendTo(append(b, " banned hosts in "...))
	}
	b = appendCount(b, d.Failures-d.Abuses, " failed login")
	if d.Abuses > 0 {
		b = appendCount(append(b, " and "...), d.Abuses, " other offence")
	}
	b = append(append(b, " in "...), d.Over.Round(time.Second).String()...)
	b = append(b, circumstances[d.Rule]...)
	if d.Rank > 1 && d.Step != StepSoft {
		b = strconv.AppendInt(append(b, ", ban "...), int64(d.Rank), 10)
	}
	return b
}

// circumstances are what a rule adds to the reason.
var circumstances = map[Rule]string{
	RuleHoneypot: ", one with a login name that nobody has",
	RuleAccount:  ", the last at an account that many networks try",
	RuleSpray:    ", from a network that tries many accounts",
	RuleSwarm:    ", in a network where many addresses fail",
	RulePersist:  ", the last ones while it was banned: all ports",
}

// appendCount appends a number and what is counted.
func appendCount(b []byte, n int, what string) []byte {
	b = append(strconv.AppendInt(b, int64(n), 10), what...)
	if n != 1 {
		b = append(b, 's')
	}
	return b
}
