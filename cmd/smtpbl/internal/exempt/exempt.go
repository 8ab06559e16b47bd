// Package exempt keeps the list of addresses that are never banned up to
// date: those of the configuration, whose host names are resolved again and
// again, this machine's own, its gateways, containers and name servers, whoever
// is logged in at its SSH port, and what Postfix lets relay.
package exempt

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/selfaddr"
	"github.com/smtpbl/smtpbl/policy"
)

const (
	// askEvery is how often other programs are asked: the name server for the
	// host names, and Postfix for its networks.
	askEvery = 5 * time.Minute
	// soonEvery is how often connections are looked at while logins fail.
	soonEvery = time.Second
	// settle waits for a burst of address changes (a link coming up) to end.
	settle = 200 * time.Millisecond
)

// List is the source of the exemptions. Its fields are set before the first
// call of Current.
type List struct {
	Prefixes []netip.Prefix // never_ban as prefixes
	Hosts    []string       // never_ban as host names
	Log      *slog.Logger
	// Peers lists connections to the SSH port; nil exempts nobody for one.
	Peers Peers
	// Networks returns Postfix's mynetworks as postconf(1) tells it; nil is not
	// asked.
	Networks func(context.Context) (string, error)
	// Memory is the file that keeps the last good answers of those asked over a
	// restart; empty forgets them.
	Memory string
	// Resolv are the files that name the name servers; nil is the machine's.
	Resolv []string

	asked    asked
	sessions sessions
	once     sync.Once
	soon     chan struct{} // see LookSoon

	mu      sync.Mutex         // guards all below, and the order of what is told
	self    selfaddr.Addrs     // the last that the kernel told
	last    []policy.Exemption // the list as it was told last, nil where it was not taken
	tell    func([]policy.Exemption) (taken bool)
	failing map[string]string // what is told already, by topic
}

// Current returns the exemptions as they are now. Where a host name cannot be
// resolved, or Postfix does not answer, the last good answer counts.
func (l *List) Current(ctx context.Context) ([]policy.Exemption, error) {
	l.asked.begin(l.remembered())
	l.ask(ctx)
	l.look(time.Now())
	self, err := selfaddr.Read()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.self = self
	l.last = l.compose()
	return l.last, nil
}

// compose puts the list together; mu is held. Of two entries for one prefix the
// later one gives the reason. The order is always the same, so that lists can be
// compared.
func (l *List) compose() []policy.Exemption {
	var out []policy.Exemption
	out = appendAddrs(out, l.sessions.spared(), policy.RefusedSSH)
	out = appendAddrs(out, l.nameServers(), policy.RefusedResolver)
	out = appendPrefixes(out, l.asked.networks(), policy.RefusedMyNetworks)
	out = appendPrefixes(out, l.self.Containers, policy.RefusedContainer)
	out = appendPrefixes(out, l.Prefixes, policy.RefusedNeverBan)
	out = appendAddrs(out, l.asked.addrs(l.Hosts), policy.RefusedNeverBan)
	out = appendAddrs(out, l.self.Gateways, policy.RefusedGateway)
	return appendAddrs(out, l.self.Own, policy.RefusedOwn)
}

func appendAddrs(out []policy.Exemption, addrs []netip.Addr, why policy.Refusal) []policy.Exemption {
	for _, a := range addrs {
		a = a.Unmap().WithZone("")
		out = append(out, policy.Exemption{Prefix: netip.PrefixFrom(a, a.BitLen()), Refusal: why})
	}
	return out
}

func appendPrefixes(out []policy.Exemption, list []netip.Prefix, why policy.Refusal) []policy.Exemption {
	for _, p := range list {
		out = append(out, policy.Exemption{Prefix: p, Refusal: why})
	}
	return out
}

// look looks who is connected.
func (l *List) look(now time.Time) {
	if l.Peers != nil {
		l.told("peers", l.sessions.look(l.Peers, now), "cannot list connections to the SSH port: those known stay exempt")
	}
}

// told logs a problem when it comes, once. It tells whether all is well.
func (l *List) told(topic string, err error, what string, attrs ...any) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		delete(l.failing, topic)
		return true
	}
	if l.failing == nil {
		l.failing = map[string]string{}
	}
	if l.failing[topic] == "" {
		l.Log.Warn("a source of exemptions fails", append([]any{"what", what, "err", err}, attrs...)...)
	}
	l.failing[topic] = fmt.Sprintf("%s: %v", what, err)
	return false
}

// Failing tells what keeps the list from being whole now. What the configuration
// of Postfix has beyond networks is no fault.
func (l *List) Failing() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for topic, text := range l.failing {
		if !strings.HasPrefix(topic, topicLeftOut) {
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return out
}

// publish tells the exemptions if they have changed, and returns when whoever
// was told has taken them.
func (l *List) publish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.compose()
	if l.tell != nil && !slices.Equal(now, l.last) {
		if l.last = now; !l.tell(now) {
			l.last = nil
		}
	}
}

// LookAgain looks at the connections of this moment, and returns when those
// that are new are exempt: to be called between a ban and its consequences.
// Before Watch is called it does nothing.
func (l *List) LookAgain() {
	if l.Peers == nil {
		return
	}
	l.look(time.Now())
	l.publish()
}

// LookSoon has the connections looked at beside the caller, at most once in a
// second: to be called when somebody fails, who may be banned soon, and now and
// then while bans stand.
func (l *List) LookSoon() {
	select {
	case l.wake() <- struct{}{}:
	default: // it is asked for already
	}
}

func (l *List) wake() chan struct{} {
	l.once.Do(func() { l.soon = make(chan struct{}, 1) })
	return l.soon
}

// Prefixes returns the prefixes of exemptions, for the kernel's allow sets.
func Prefixes(list []policy.Exemption) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(list))
	for _, x := range list {
		out = append(out, x.Prefix)
	}
	return out
}
