package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// verdict says where the address stands, in one sentence.
func (x *explanation) verdict() string {
	if !x.Known {
		return "nothing is known of " + x.Addr
	}
	switch x.State {
	case stateNeverBan:
		if x.Pardoned != nil && x.NeverBan == string(policy.RefusedPardon) {
			return fmt.Sprintf("%s is pardoned %s", x.Addr, x.ends(x.Pardoned))
		}
		return fmt.Sprintf("%s is never banned: %s", x.Addr, refusalText(x.NeverBan))
	case stateBanned:
		b := &x.Bans[0]
		return fmt.Sprintf("%s is banned%s %s %s: %s", x.Addr, within(x.Addr, b.Addr), x.reach(b), x.ends(b.Until), b.because())
	case statePending:
		b := &x.Bans[0]
		return fmt.Sprintf("%s is to be banned%s %s, but the kernel has not taken the ban yet: %s", x.Addr, within(x.Addr, b.Addr), x.ends(b.Until), b.because())
	case stateSoft:
		return fmt.Sprintf("%s is on the soft step %s: a mail server that asks turns it away%s", x.Addr, x.ends(x.Count.Until), x.oneMore())
	case stateFree:
	}
	return fmt.Sprintf("%s is not banned%s", x.Addr, x.oneMore())
}

// within names the ban where it is that of a net.
func within(asked, banned string) string {
	if asked == banned {
		return ""
	}
	return " with " + banned
}

// reach tells which packets a ban drops.
func (x *explanation) reach(b *whyBan) string {
	if b.Step == policy.StepAll || strings.HasPrefix(b.Set, "all") {
		return "at all ports"
	}
	return "at ports " + joinPorts(x.Ports)
}

func (x *explanation) ends(until *time.Time) string {
	if until == nil {
		return "as long as it is listed"
	}
	return fmt.Sprintf("until %s (%s left)", until.Local().Format(time.DateTime), brief(max(until.Sub(x.At), 0)))
}

// because is why a ban was made.
func (b *whyBan) because() string {
	if b.Reason == "" {
		return "nobody here knows why"
	}
	return b.Reason
}

// oneMore says how far the next ban is.
func (x *explanation) oneMore() string {
	c := x.Count
	if c == nil || c.Threshold <= 0 {
		return ""
	}
	failures, whose := fmt.Sprintf("%d more failed logins", c.More), " of other users"
	if c.More == 1 {
		failures, whose = "one more failed login", " of another user"
	}
	if c.Known > 0 {
		failures += whose
	}
	return fmt.Sprintf("; %s would ban it for %s", failures, brief(duration(c.NextBan)))
}

// refusalText is a Refusal in words.
func refusalText(r string) string {
	switch policy.Refusal(r) {
	case policy.RefusedNeverBan:
		return "the configuration says so (never_ban), or nobody can come from there"
	case policy.RefusedLoopback, policy.RefusedLinkLocal:
		return "it is this machine or its own link"
	case policy.RefusedOwn:
		return "it is an address of this machine"
	case policy.RefusedGateway:
		return "it is a gateway of this machine"
	case policy.RefusedContainer:
		return "it is in the net of a container bridge"
	case policy.RefusedResolver:
		return "it is a name server that this machine asks"
	case policy.RefusedSSH:
		return "somebody is logged in from there by ssh"
	case policy.RefusedMyNetworks:
		return "it is in Postfix's mynetworks"
	case policy.RefusedPardon:
		return "it was pardoned"
	}
	return r
}

// printWhy prints the verdict, what it rests on, and the lines.
func printWhy(w io.Writer, x *explanation) error {
	fmt.Fprintln(w, x.Verdict)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(tw, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	for i := range x.Bans {
		row("ban", "%s", x.Bans[i].line())
	}
	if x.LastBan != nil {
		row("last ban", "%s until %s: %s", date(x.LastBan.At), date(x.LastBan.Until), x.LastBan.Reason)
	}
	x.countRows(row)
	if x.First != nil && x.Last != nil {
		row("seen", "first %s, last %s", date(*x.First), date(*x.Last))
	}
	if len(x.Users) > 0 {
		row("users", "%s", x.users())
	}
	if k := x.Knock; k != nil {
		row("knocks", "%d packets dropped lately, %.1f a second, ports %s, last %s", k.Packets, k.PerSecond, joinPorts(k.Ports), date(k.LastSeen))
	}
	x.netRows(row)
	if err := tw.Flush(); err != nil {
		return err
	}
	return x.printLines(w)
}

func (x *explanation) countRows(row func(name, format string, args ...any)) {
	if c := x.Count; c != nil && (x.Known && x.NeverBan == "" || c.Failures > 0) {
		as := ""
		if c.Prefix != x.Addr {
			as = ", counted as " + c.Prefix
		}
		if c.Known > 0 {
			as += fmt.Sprintf(", and %d of users who have logged in from there", c.Known)
		}
		row("failures", "%d of %d that ban%s; the next ban lasts %s", c.Failures-c.Known, c.Threshold, as, brief(duration(c.NextBan)))
		if c.Step != "" {
			row("step", "%s %s", c.Step, x.ends(c.Until))
		}
	}
	if x.BanCount > 0 {
		row("bans so far", "%d", x.BanCount)
	}
}

func (x *explanation) netRows(row func(name, format string, args ...any)) {
	n := x.Net
	if n == nil {
		return
	}
	limit := "nets are never banned"
	if n.Threshold > 0 {
		limit = fmt.Sprintf("%d ban the net", n.Threshold)
	}
	row("net", "%s: %d banned, %s", n.Addr, n.Banned, limit)
	for i := range n.Neighbours {
		h := &n.Neighbours[i]
		text := fmt.Sprintf("%s, ban %d", h.Addr, h.Count)
		if h.Until != nil {
			text += ", until " + date(*h.Until)
		}
		row("neighbour", "%s", text)
	}
}

func (x *explanation) users() string {
	parts := make([]string, 0, len(x.Users))
	for _, u := range x.Users {
		parts = append(parts, fmt.Sprintf("%s (%d)", u.User, u.Failures))
	}
	return strings.Join(parts, ", ")
}

// line describes a ban.
func (b *whyBan) line() string {
	text := b.Addr + " in set " + b.Set
	if b.Rule != "" {
		text += ", rule " + string(b.Rule)
	}
	if b.Step != "" {
		text += ", step " + string(b.Step)
	}
	if b.AtTime != nil {
		text += ", since " + date(*b.AtTime)
	}
	if b.Until != nil {
		text += ", until " + date(*b.Until)
	}
	if !b.Enforced {
		return text + ", not in the kernel"
	}
	if b.Timeout > 0 {
		text += fmt.Sprintf(", %d packets and %d bytes dropped", b.Packets, b.Bytes)
	}
	return text + ": " + b.because()
}

func (x *explanation) printLines(w io.Writer) error {
	if len(x.Lines) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	if x.Older {
		fmt.Fprintln(w, "(earlier lines are not kept)")
	}
	for i := range x.Lines {
		if _, err := fmt.Fprintln(w, x.Lines[i].Text); err != nil {
			return fmt.Errorf("print lines: %w", err)
		}
	}
	return nil
}

func date(t time.Time) string { return t.Local().Format(time.DateTime) }
