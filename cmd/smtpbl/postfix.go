package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/postfix"
	"github.com/smtpbl/smtpbl/metrics"
	"github.com/smtpbl/smtpbl/policy"
)

// rungs are the policy's settings without the soft step where Postfix cannot
// ask: nobody would be turned away, and nothing is to be told.
func rungs(cfg *config.Config) *config.Policy {
	p := cfg.Policy
	if !cfg.Postfix.Asked() {
		p.SoftThreshold4, p.SoftThreshold6 = 0, 0
	}
	return &p
}

// postfixServers are those that the configuration wants.
func (s *service) postfixServers() []*postfix.Server {
	if s.dryRun {
		return nil // to turn somebody away is more than to say so
	}
	x := &s.cfg.Postfix
	var all []*postfix.Server
	for _, one := range []struct {
		protocol postfix.Protocol
		path     string
	}{{postfix.Policy, x.PolicySocket}, {postfix.Map, x.MapSocket}} {
		if one.path == "" {
			continue
		}
		all = append(all, postfix.New(postfix.Config{
			Protocol: one.protocol, Path: one.path, Action: string(x.Action), Text: x.Text,
			Standing:  s.standing,
			Listening: func(err error) { s.tellPostfix(one.protocol, one.path, err) },
		}))
	}
	return all
}

// countsOwnRefusals is the error of a configuration by which whoever is turned
// away politely earns a ban with each attempt: what Postfix refuses for good is
// abuse in its log, on whoever's word it did.
func countsOwnRefusals(cfg *config.Config) error {
	if cfg.Postfix.Asked() && cfg.Postfix.Action == config.PostfixReject && cfg.Policy.CountAbuse {
		return errors.New(`postfix.action = "REJECT" and policy.count_abuse do not go together: use "DEFER"`)
	}
	return nil
}

// standing asks the Engine where an address stands.
func (s *service) standing(ctx context.Context, addr netip.Addr) (policy.Standing, error) {
	var st policy.Standing
	if err := s.judge.Ask(ctx, func(e *policy.Engine) { st = e.Standing(addr, time.Now()) }); err != nil {
		return policy.Standing{}, err // the Judge may yet write to st
	}
	return st, nil
}

// tellPostfix says in the log and in status whether a socket is there.
func (s *service) tellPostfix(protocol postfix.Protocol, path string, err error) {
	topic := "postfix " + string(protocol)
	if err != nil {
		s.warn(topic, fmt.Sprintf("Postfix cannot ask at %s and turns nobody away politely, bans hold without it (smtpbl harness postfix tells more)", path), err)
		return
	}
	s.settled(topic)
	s.log.Info("answering Postfix", "protocol", string(protocol), "socket", path)
}

// postfixStatus is one of the sockets as "smtpbl status --json" prints it.
type postfixStatus struct {
	Protocol   string `json:"protocol"`
	Socket     string `json:"socket"`
	Up         bool   `json:"up"`
	Asked      uint64 `json:"asked"`
	TurnedAway uint64 `json:"turned_away"`
	Malformed  uint64 `json:"malformed"`
	Slow       uint64 `json:"slow"`
	Late       uint64 `json:"late"`
}

func (s *service) postfixStatus() []postfixStatus {
	out := make([]postfixStatus, 0, len(s.postfix))
	for _, p := range s.postfix {
		out = append(out, postfixStatus{
			Protocol: string(p.Protocol()), Socket: p.Path(), Up: p.Up(), Asked: p.Asked(), TurnedAway: p.Count(postfix.TurnedAway),
			Malformed: p.Count(postfix.Malformed), Slow: p.Count(postfix.Slow), Late: p.Count(postfix.Late),
		})
	}
	return out
}

func (p *postfixStatus) line() string {
	parts := []string{fmt.Sprintf("%s: %d questions, %d turned away", p.Socket, p.Asked, p.TurnedAway)}
	for _, c := range []struct {
		n    uint64
		what string
	}{{p.Malformed, "malformed"}, {p.Slow, "not sent in time"}, {p.Late, "not answered in time"}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	if !p.Up {
		parts = append(parts, "there is no socket now")
	}
	return strings.Join(parts, ", ")
}

// postfixCounts is the same for /metrics.
func (s *service) postfixCounts() []metrics.Postfix {
	out := make([]metrics.Postfix, 0, len(s.postfix)*len(postfix.Results))
	for _, p := range s.postfix {
		for _, r := range postfix.Results {
			out = append(out, metrics.Postfix{Protocol: string(p.Protocol()), Result: string(r), Requests: p.Count(r)})
		}
	}
	return out
}
