package exempt

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// lookupPatience bounds the resolution of all host names.
const lookupPatience = 5 * time.Second

// asked holds the last good answers of other programs.
type asked struct {
	mu       sync.Mutex
	resolved map[string][]netip.Addr
	nets     []netip.Prefix
}

// addrs returns what host names were resolved to.
func (a *asked) addrs(hosts []string) []netip.Addr {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []netip.Addr
	for _, host := range hosts {
		out = append(out, a.resolved[host]...)
	}
	return out
}

func (a *asked) networks() []netip.Prefix {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.nets
}

// take takes answers and tells whether they are news.
func (a *asked) take(hosts map[string][]netip.Addr, nets []netip.Prefix, answered bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	news := false
	for host, addrs := range hosts {
		news = news || !slices.Equal(a.resolved[host], addrs)
		a.resolved[host] = addrs
	}
	if answered {
		news = news || !slices.Equal(a.nets, nets)
		a.nets = nets
	}
	return news
}

// begin takes what an earlier run knew; the first call counts.
func (a *asked) begin(m *memory) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.resolved != nil {
		return
	}
	a.resolved, a.nets = map[string][]netip.Addr{}, m.Networks
	maps.Copy(a.resolved, m.Hosts)
}

// all returns what is known, to be written down.
func (a *asked) all() *memory {
	a.mu.Lock()
	defer a.mu.Unlock()
	return &memory{Hosts: maps.Clone(a.resolved), Networks: a.nets}
}

// ask asks the name server and Postfix, and writes down what is new.
func (l *List) ask(ctx context.Context) {
	hosts := l.resolveAll(ctx)
	nets, answered := l.askNetworks(ctx)
	if !l.asked.take(hosts, nets, answered) || l.Memory == "" {
		return
	}
	err := remember(l.Memory, l.asked.all())
	l.told("memory", err, "cannot write down what is exempt: after a restart without a name server it is not")
}

// remembered returns what an earlier run knew of what is still to be asked.
func (l *List) remembered() *memory {
	out := &memory{Hosts: map[string][]netip.Addr{}}
	if l.Memory == "" {
		return out
	}
	m, err := recall(l.Memory)
	l.told("memory", err, "cannot read what was exempt in the last run")
	for _, host := range l.Hosts {
		if addrs, known := m.Hosts[host]; known {
			out.Hosts[host] = addrs
		}
	}
	if l.Networks != nil {
		out.Networks = m.Networks
	}
	return out
}

// resolveAll resolves the host names side by side: at boot, before there is a
// network, all of them together must not hold up the start for long. Those
// that cannot be resolved are left out.
func (l *List) resolveAll(ctx context.Context) map[string][]netip.Addr {
	ctx, cancel := context.WithTimeout(ctx, lookupPatience)
	defer cancel()
	found, errs := make([][]netip.Addr, len(l.Hosts)), make([]error, len(l.Hosts))
	var wg sync.WaitGroup
	for i, host := range l.Hosts {
		wg.Go(func() { found[i], errs[i] = resolve(ctx, host) })
	}
	wg.Wait()
	out := map[string][]netip.Addr{}
	for i, host := range l.Hosts {
		known := l.asked.addrs(l.Hosts[i : i+1])
		what := "cannot resolve a host of never_ban: its last known addresses stay exempt"
		if len(known) == 0 {
			what = "cannot resolve a host of never_ban, nor could it before: it can be banned"
		}
		if l.told("host "+host, errs[i], what, "host", host, "addrs", len(known)) {
			out[host] = found[i]
		}
	}
	return out
}

// errNowhere is an answer that names no host: name servers that filter give
// 0.0.0.0 or :: for a name that they do not like.
var errNowhere = errors.New("the answer is no host's address")

// resolve returns the addresses of a host, in order.
func resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	for i, a := range found {
		found[i] = a.Unmap()
	}
	found = slices.DeleteFunc(found, netip.Addr.IsUnspecified)
	if err == nil && len(found) == 0 {
		return nil, errNowhere
	}
	slices.SortFunc(found, netip.Addr.Compare)
	return slices.Compact(found), err
}

// topicLeftOut begins the topics of what mynetworks has and is left out.
const topicLeftOut = "network "

// askNetworks asks Postfix for its networks.
func (l *List) askNetworks(ctx context.Context) (nets []netip.Prefix, answered bool) {
	if l.Networks == nil {
		return nil, false
	}
	text, err := l.Networks(ctx)
	if !l.told("postconf", err, "cannot ask Postfix for mynetworks: the last known stay exempt", "nets", len(l.asked.networks())) {
		return nil, false
	}
	nets, skipped := parseNetworks(text)
	for _, s := range skipped {
		l.told(topicLeftOut+s.text, s, "an entry of mynetworks is left out")
	}
	return nets, true
}

// skip is an entry of mynetworks that is left out, and why.
type skip struct{ text, why string }

func (s skip) Error() string { return fmt.Sprintf("%q %s", s.text, s.why) }
