package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// trial is the life of one ban: its addresses send first without one, then
// earn or get it, and after its end they send on for a while.
type trial struct {
	target
	byLog          bool // the mail log earns the ban; else "smtpbl set add"
	lasts          time.Duration
	lifted         bool // by "smtpbl set del", before its end
	guilty, others []*source
	stage          stage
	due            time.Duration // when the next stage begins
	ends           time.Duration // when the ban ends by itself
}

type stage int

const (
	innocent stage = iota
	banned
	free
)

const (
	// logBan is how long a ban lasts that the policy decides on; see
	// configuration.
	logBan = 4 * time.Second
	// shortest is the shortest ban by hand.
	shortest = time.Second
	// before and after are how long a trial's addresses send without a ban,
	// besides what the service may take.
	before = 150 * time.Millisecond
	after  = 300 * time.Millisecond
)

// newTrial chooses what to try next.
func (c *campaign) newTrial() *trial {
	sort := c.life.IntN(len(targets))
	t := &trial{
		target: targets[sort](c.tried[sort]),
		byLog:  sort < logged && c.life.IntN(2) == 0,
		lifted: c.life.IntN(3) == 0,
		lasts:  logBan,
	}
	c.tried[sort]++
	if !t.byLog {
		t.lasts = shortest + time.Duration(c.life.IntN(5))*time.Second
	}
	t.guilty = c.sources.begin(passes, t.target.guilty...)
	t.others = c.sources.begin(passes, t.bystand...)
	t.due = c.machine.Now() + c.grace + before + time.Duration(c.life.IntN(300))*time.Millisecond
	return t
}

// tend brings every trial on whose time has come, and begins new ones in the
// place of those that are over.
func (c *campaign) tend() error {
	for i, t := range c.trials {
		if c.machine.Now() < t.due {
			continue
		}
		switch t.stage {
		case innocent:
			if err := c.ban(t); err != nil {
				return err
			}
		case banned:
			if err := c.release(t); err != nil {
				return err
			}
		case free:
			c.sources.end(append(t.guilty, t.others...)...)
			c.trials[i] = c.newTrial()
		}
	}
	return nil
}

// ban makes the service ban the trial's target.
func (c *campaign) ban(t *trial) error {
	began := c.machine.Now()
	t.plan(began, turn{began, either})
	if err := c.order(t); err != nil {
		return err
	}
	c.planBan(t, began)
	return nil
}

// order does what bans the target.
func (c *campaign) order(t *trial) error {
	if t.byLog {
		return failLogins(t)
	}
	return c.byHand("add", "--for", t.lasts.String(), t.prefix.String())
}

// planBan notes that the target was banned between then and now, and when that
// ends.
func (c *campaign) planBan(t *trial, began time.Duration) {
	done := c.machine.Now()
	t.stage, t.due, t.ends = banned, began+t.lasts, began+t.lasts
	if t.lifted {
		t.due = done + time.Duration(c.life.Int64N(int64(t.lasts-shortest/2)))
	}
	t.plan(done, turn{done + c.grace, dropped}, turn{began + t.lasts, either}, turn{done + t.lasts + 2*c.grace, passes})
}

// release lifts the ban where the trial asks for it, and else only notes that
// it has ended by itself.
func (c *campaign) release(t *trial) error {
	began := c.machine.Now()
	if t.lifted && began < t.ends-2*c.grace {
		t.plan(began, turn{began, either})
		if err := c.byHand("del", t.prefix.String()); err != nil {
			return err
		}
		t.plan(began+1, turn{c.machine.Now() + c.grace, passes})
	}
	t.stage, t.due = free, c.machine.Now()+2*c.grace+after
	return nil
}

// plan notes for everybody who is guilty what is to come.
func (t *trial) plan(from time.Duration, turns ...turn) {
	for _, s := range t.guilty {
		s.timeline = s.timeline.from(from, turns...)
	}
}

// byHand runs "smtpbl set".
func (c *campaign) byHand(args ...string) error {
	c.changes++
	if _, err := c.lab.Smtpbl(append([]string{"set"}, args...)...); err != nil {
		return fmt.Errorf("step %d: change a ban by hand: %w", len(c.judge.faults), err)
	}
	return nil
}

// failures is how many failed logins ban; see configuration.
const failures = 3

// failLogins appends to the mail log what Postfix says of failed logins, with
// one write.
func failLogins(t *trial) error {
	var text strings.Builder
	for range failures {
		fmt.Fprintf(&text, "%s mx1 postfix/smtpd[7]: warning: unknown[%s]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=alice\n",
			time.Now().Format("2006-01-02T15:04:05.000000-07:00"), t.target.guilty[0])
	}
	log, err := os.OpenFile(lab.MailLog, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("open the mail log: %w", err)
	}
	if _, err := log.WriteString(text.String()); err != nil {
		_ = log.Close()
		return fmt.Errorf("write to the mail log: %w", err)
	}
	return log.Close()
}
