package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/integration/lab"
)

var mailPorts = []uint16{lab.PortSMTP, lab.PortSMTPS, lab.PortSubmission}

// drop shows who gets through and who does not.
func (s *story) drop(_ context.Context, a *attacker) error {
	s.title("who still gets an answer")
	if err := s.knock(a); err != nil {
		return err
	}
	greeting, err := s.lab.Attacker.Greeting(a.addr, 22, soon)
	if err = s.claim(err, "%s -> port 22: %q", a.addr, greeting); err != nil {
		return err
	}
	neighbour := lab.NeighbourNet4.Addr().Next()
	if a.addr.Is6() {
		neighbour = lab.NeighbourNet6.Addr().Next()
	}
	greeting, err = s.lab.Neighbour.Greeting(neighbour, lab.PortSMTP, soon)
	if err == nil && !strings.HasPrefix(greeting, "220 ") {
		err = errors.New("that is no greeting")
	}
	return s.claim(err, "%s, an innocent neighbour -> port 25: %q", neighbour, greeting)
}

// knock sends one packet to each mail port and expects silence.
func (s *story) knock(a *attacker) error {
	for _, port := range mailPorts {
		silent, err := s.lab.Attacker.Dropped(a.addr, port)
		if err == nil && !silent {
			err = errors.New("there was an answer")
		}
		if err = s.claim(err, "%s -> port %d: SYN dropped, no answer", a.addr, port); err != nil {
			return err
		}
	}
	return nil
}

// counts is how many packets were dropped according to two sources.
type counts struct{ listed, scraped uint64 }

// count sends a known number of packets and shows who counted how many.
func (s *story) count(_ context.Context, a *attacker) error {
	s.title("set list and /metrics count the same packets")
	before, err := s.quiet(a)
	if err != nil {
		return err
	}
	if err = s.knock(a); err != nil {
		return err
	}
	after, err := s.counts(a)
	if err != nil {
		return err
	}
	page, err := s.lab.MetricsPage()
	if err != nil {
		return err
	}
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "smtpbl_dropped_packets_total{") && !strings.HasSuffix(line, " 0\n") {
			s.quote(line)
		}
	}
	sent := uint64(len(mailPorts))
	if got := (counts{after.listed - before.listed, after.scraped - before.scraped}); got != (counts{sent, sent}) {
		err = fmt.Errorf("set list counted %d and /metrics %d", got.listed, got.scraped)
	}
	return s.claim(err, "%d packets sent, %d more in set list, %d more in /metrics", sent, sent, sent)
}

// quiet waits until the mail server has given up talking to the banned
// client: what it repeats makes the client answer, and that is counted too.
func (s *story) quiet(a *attacker) (counts, error) {
	tick := time.NewTicker(calm)
	defer tick.Stop()
	for {
		before, err := s.counts(a)
		if err != nil {
			return counts{}, err
		}
		<-tick.C
		after, err := s.counts(a)
		if err != nil || before == after {
			return after, err
		}
	}
}

// calm is longer than the laboratory's kernels wait before they repeat what
// was not answered, as long as they do.
const calm = 1500 * time.Millisecond

func (s *story) counts(a *attacker) (counts, error) {
	ban, err := s.lab.Ban(a.banned)
	if err != nil {
		return counts{}, err
	}
	if ban == nil {
		return counts{}, fmt.Errorf("%s is not listed", a.banned)
	}
	m, err := s.lab.Metrics()
	family := fmt.Sprintf("family=%q", a.family)
	return counts{ban.Packets, uint64(m.Sum("smtpbl_dropped_packets_total", family))}, err
}

// stop shows that the bans do not need the service.
func (s *story) stop(ctx context.Context) error {
	s.title("the service is stopped")
	if err := s.claim(s.service.Stop(ctx), "it has ended"); err != nil {
		return err
	}
	for i := range attackers {
		addr := attackers[i].addr
		silent, err := s.lab.Attacker.Dropped(addr, lab.PortSMTP)
		if err == nil && !silent {
			err = errors.New("there was an answer")
		}
		if err = s.claim(err, "%s -> port 25: still dropped, by the kernel alone", addr); err != nil {
			return err
		}
	}
	s.title("done")
	return nil
}
