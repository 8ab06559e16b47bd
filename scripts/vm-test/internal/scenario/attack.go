package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// The mail server's addresses in the lab.
const mailServer = "192.0.2.25,2001:db8:25::25"

// attackPath is where the attack client lies in the guest.
const attackPath = "/root/attack"

// Attempt is what the attack client tells of one attempt: see its own type.
type Attempt struct {
	Source  netip.Addr `json:"source"`
	At      time.Time  `json:"at"`
	Outcome string     `json:"outcome"`
	Held    string     `json:"held"`
}

// The outcomes that checks ask for.
const (
	accepted = "235"
	denied   = "535"
	greeted  = "greeting"
	silence  = "timeout"
)

// connectWait is how long a client waits for a connection. The lab's network
// answers within microseconds; a SYN is repeated after one second.
const connectWait = 2500 * time.Millisecond

// command is a call of the attack client in the attackers' network.
func command(args string, sources ...netip.Addr) string {
	words := make([]string, len(sources))
	for i, source := range sources {
		words[i] = source.String()
	}
	return fmt.Sprintf("ip netns exec atk %s -to %s -connect %v %s %s",
		attackPath, mailServer, connectWait, args, strings.Join(words, " "))
}

// attack runs the client and returns what it tells, in order.
func (s *scenario) attack(ctx context.Context, args string, sources ...netip.Addr) ([]Attempt, error) {
	out, err := s.sh(ctx, "%s", command(args, sources...))
	if err != nil {
		return nil, err
	}
	return parseAttempts(out)
}

func parseAttempts(text string) ([]Attempt, error) {
	var all []Attempt
	for line := range strings.Lines(text) {
		var a Attempt
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			return nil, fmt.Errorf("read the attack client's line %q: %w", line, err)
		}
		all = append(all, a)
	}
	return all, nil
}

// fail tries wrong passwords, one after the other, each of which must be
// answered as such.
func (s *scenario) fail(ctx context.Context, times int, a attacker) error {
	attempts, err := s.attack(ctx, fmt.Sprintf("-user %s -attempts %d", a.user, times), a.addr)
	if err != nil {
		return err
	}
	if len(attempts) != times || slices.ContainsFunc(attempts, func(x Attempt) bool { return x.Outcome != denied }) {
		return fmt.Errorf("%d wrong passwords from %s, each to be answered with %s, ended so: %v", times, a.addr, denied, attempts)
	}
	return nil
}

// failLast tries the wrong password that earns a ban. The ban may be faster
// than the answer, since the mail server writes its log first.
func (s *scenario) failLast(ctx context.Context, a attacker) error {
	attempts, err := s.attack(ctx, "-user "+a.user, a.addr)
	if err != nil {
		return err
	}
	if len(attempts) != 1 || !slices.Contains([]string{denied, "reset", "closed"}, attempts[0].Outcome) {
		return fmt.Errorf("the last wrong password from %s ended so: %v", a.addr, attempts)
	}
	return nil
}

// earn lets an attacker fail until the kernel bans him.
func (s *scenario) earn(ctx context.Context, a attacker) error {
	if err := s.fail(ctx, a.threshold()-1, a); err != nil {
		return err
	}
	return s.earnLast(ctx, a)
}

// earnLast is the failure that is one too many.
func (s *scenario) earnLast(ctx context.Context, a attacker) error {
	if err := s.failLast(ctx, a); err != nil {
		return err
	}
	return s.awaitBan(ctx, a)
}

// awaitBan waits until the kernel has a ban of an attacker.
func (s *scenario) awaitBan(ctx context.Context, a attacker) error {
	return s.m.Until(ctx, "the kernel has a ban of "+a.addr.String(), soon, func(ctx context.Context) error {
		_, err := s.ban(ctx, a.addr)
		return err
	})
}

// errServed says that a banned source got an answer.
var errServed = errors.New("a banned source was answered")

// shut expects that nothing from an address reaches the mail server, while a
// neighbour is served at the same time: silence alone could be a slow machine.
func (s *scenario) shut(ctx context.Context, a attacker) error {
	neighbour := a.neighbour()
	attempts, err := s.attack(ctx, "", a.addr, neighbour)
	if err != nil {
		return err
	}
	for _, x := range attempts {
		switch {
		case x.Source == a.addr && x.Outcome != silence:
			return fmt.Errorf("%w: %s: %s", errServed, a.addr, x.Outcome)
		case x.Source == neighbour && x.Outcome != greeted:
			return fmt.Errorf("the neighbour %s is not served: %s", neighbour, x.Outcome)
		}
	}
	return nil
}

// served expects that an address is answered.
func (s *scenario) served(ctx context.Context, addr netip.Addr) error {
	attempts, err := s.attack(ctx, "", addr)
	if err != nil {
		return err
	}
	if len(attempts) != 1 || attempts[0].Outcome != greeted {
		return fmt.Errorf("%s is not served: %v", addr, attempts)
	}
	return nil
}

// banned expects a ban in the kernel, and that it works.
func (s *scenario) banned(ctx context.Context, attackers ...attacker) error {
	for _, a := range attackers {
		if _, err := s.ban(ctx, a.addr); err != nil {
			return err
		}
		if err := s.shut(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// notBanned expects that the kernel has no ban of an address.
func (s *scenario) notBanned(ctx context.Context, a attacker) error {
	if e, err := s.ban(ctx, a.addr); err == nil {
		return fmt.Errorf("%s is banned already: %v", a.addr, e)
	}
	return nil
}

// counted waits until the service has read what an attacker did, and expects
// that it counts so many failures of him.
func (s *scenario) counted(ctx context.Context, failures int, a attacker) error {
	what := fmt.Sprintf("%d failures of %s are counted", failures, a.addr)
	return s.m.Until(ctx, what, soon, func(ctx context.Context) error {
		out, err := s.sh(ctx, "smtpbl why --json %s || true", a.addr)
		if err != nil {
			return err
		}
		var why struct {
			Count struct {
				Failures int `json:"failures"`
			} `json:"count"`
		}
		if err = json.Unmarshal([]byte(out), &why); err != nil {
			return fmt.Errorf("read what smtpbl why says: %w\n%s", err, out)
		}
		if why.Count.Failures != failures {
			return fmt.Errorf("it counts %d", why.Count.Failures)
		}
		return nil
	})
}

// exactly lets an attacker come one failure short of a ban, with an event in
// the middle of his attempts, and expects that all of them count, and once.
func (s *scenario) exactly(ctx context.Context, a attacker, event func() error) error {
	if err := s.fail(ctx, a.threshold()-2, a); err != nil {
		return err
	}
	if err := event(); err != nil {
		return err
	}
	if err := s.fail(ctx, 1, a); err != nil {
		return err
	}
	if err := s.counted(ctx, a.threshold()-1, a); err != nil {
		return err
	}
	if err := s.notBanned(ctx, a); err != nil {
		return err
	}
	if err := s.earnLast(ctx, a); err != nil {
		return err
	}
	return s.shut(ctx, a)
}
