package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// soon is how long anything may take that takes milliseconds on an idle
// machine.
const soon = 15 * time.Second

// story tells what happens, step by step.
type story struct {
	*printer
	lab     *lab.Lab
	service *lab.Service
}

// attacker guesses passwords, each time in another way.
type attacker struct {
	addr   netip.Addr
	banned string // what gets banned because of addr
	family string // as in the metrics
	tries  []try
}

type try struct {
	port      uint16
	mechanism string
}

var attackers = []attacker{
	{
		addr: netip.MustParseAddr("198.51.100.66"), banned: "198.51.100.66", family: "ipv4",
		tries: []try{
			{lab.PortSMTP, "LOGIN"},
			{lab.PortSMTPS, "PLAIN"},
			{lab.PortSubmission, "CRAM-MD5"},
			{lab.PortSMTP, "PLAIN"},
			{lab.PortSubmission, "LOGIN"},
		},
	},
	{
		addr: netip.MustParseAddr("2001:db8:bad:66::1"), banned: "2001:db8:bad:66::/64", family: "ipv6",
		tries: []try{{lab.PortSMTP, "CRAM-MD5"}, {lab.PortSMTPS, "LOGIN"}, {lab.PortSubmission, "PLAIN"}},
	},
}

func (s *story) tell(ctx context.Context) error {
	if err := s.start(ctx); err != nil {
		return err
	}
	steps := []func(context.Context, *attacker) error{s.attack, s.decide, s.list, s.drop, s.count}
	for i := range attackers {
		for _, step := range steps {
			if ctx.Err() != nil {
				return errors.New("interrupted")
			}
			if err := step(ctx, &attackers[i]); err != nil {
				return fmt.Errorf("%w\nthe log of smtpbl:\n%s", err, s.service.Log)
			}
		}
	}
	return s.stop(ctx)
}

func (s *story) start(ctx context.Context) error {
	s.title("smtpbl run (no configuration, only the capabilities of its systemd unit)")
	var err error
	s.service, err = s.lab.Service(ctx, lab.Start{})
	if err == nil {
		s.quote(s.service.Log.String())
	}
	return s.claim(err, "the service says that it is ready")
}

// attack makes all tries and shows what the mail server logs.
func (s *story) attack(ctx context.Context, a *attacker) error {
	s.title("%s guesses the password of alice", a.addr)
	for i, t := range a.tries {
		last := i == len(a.tries)-1
		err := s.try(a.addr, t)
		if last {
			// The answer to the failure that bans need not arrive any more.
			_, err = s.service.Log.Await(ctx, soon, "msg=banned", "addr="+a.banned)
		}
		if err = s.claim(err, "failure %d of %d: AUTH %s on port %d", i+1, len(a.tries), t.mechanism, t.port); err != nil {
			return err
		}
		if err = s.showLog(a.addr, i+1); err != nil {
			return err
		}
	}
	return nil
}

// try fails to log in.
func (s *story) try(from netip.Addr, t try) error {
	session, err := s.lab.Attacker.Connect(from, t.port)
	if err != nil {
		return err
	}
	code, err := session.Auth(t.mechanism, "alice", "guess")
	if err == nil && code != lab.CodeRefused {
		err = fmt.Errorf("the answer is %d", code)
	}
	return errors.Join(err, session.Abort())
}

// showLog waits until Postfix has logged the nth failure of addr and shows
// what the mail log has about it. Dovecot and Postfix log each failure, and
// smtpbl counts the two lines as one.
func (s *story) showLog(addr netip.Addr, nth int) error {
	return lab.Until("the failure is logged", soon, func() error {
		postfix, err := s.lab.MailLogLines("["+addr.String()+"]", "authentication failed")
		if err != nil {
			return err
		}
		dovecot, err := s.lab.MailLogLines("dovecot: ", ","+addr.String(), "mismatch")
		if err != nil {
			return err
		}
		if min(len(postfix), len(dovecot)) < nth {
			return fmt.Errorf("%d lines of Postfix and %d of Dovecot are", len(postfix), len(dovecot))
		}
		s.quote(dovecot[nth-1])
		s.quote(postfix[nth-1])
		return nil
	})
}

func (s *story) decide(ctx context.Context, a *attacker) error {
	s.title("smtpbl decides")
	line, err := s.service.Log.Await(ctx, soon, "msg=banned", "addr="+a.banned)
	s.quote(line)
	return s.claim(err, "banned at failure %d, not before", len(a.tries))
}

func (s *story) list(_ context.Context, a *attacker) error {
	s.title("smtpbl set list")
	table, err := s.lab.Smtpbl("set", "list")
	s.quote(table)
	if err == nil && !strings.Contains(table, a.banned) {
		err = errors.New("it is not listed")
	}
	return s.claim(err, "%s is an element of the kernel's set", a.banned)
}
