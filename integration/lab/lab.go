// Package lab builds a small piece of the internet to test smtpbl in: a mail
// server with real Postfix, Dovecot and rsyslog, a network that attacks it
// and a network that does not.
//
// Nothing of it touches the machine. A program that calls Enter is started
// again in namespaces of its own:
//
//   - the root directory is an overlay, so that packages can be installed and
//     every file be changed, and all changes lie in memory;
//   - /dev, /run, /tmp, /var/log and the mail queue are private and empty;
//   - the process ids are private, so that when the program ends, however it
//     ends, the kernel ends every daemon it started;
//   - the network is private and leads nowhere: only the fetching of packages
//     happens in the machine's network, before anything of them is run.
//
// What the machine keeps is the cache of fetched packages (see cacheDir).
package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
)

// ErrUnavailable is wrapped by the error of Enter where this machine or this
// user cannot have a laboratory; the rest of the text says why.
var ErrUnavailable = errors.New("no laboratory on this machine")

// Options say what the laboratory needs to know.
type Options struct {
	// Say reports progress, one line a call; nil reports nothing.
	Say func(format string, args ...any)
	// Packages are installed instead of the tests' own mail server, and then
	// no server is configured or started; nil means the tests' own.
	Packages []string
	// Program puts smtpbl beside Packages; with the tests' own mail server it
	// always is there.
	Program bool
	// Selections answer the questions that installing them asks, in the form
	// of debconf-set-selections(1).
	Selections string
	// Build makes files for the inside. It is called outside, where Go's caches
	// are, with an empty directory, whose content then lies in BuiltDir.
	Build func(dir string) error
}

func (o *Options) program() bool { return o.Program || o.Packages == nil }

func (o *Options) say(format string, args ...any) {
	if o.Say != nil {
		o.Say(format, args...)
	}
}

// Lab is the laboratory as seen by the program that entered it.
type Lab struct {
	// MX is the mail server. Attacker owns all attack networks, Neighbour
	// NeighbourNet4 and NeighbourNet6.
	MX, Attacker, Neighbour *Host

	say              func(format string, args ...any)
	dovecot, rsyslog *exec.Cmd
	calls            map[string][]int // system calls by the filter that allows them
}

// The addresses. All are set aside for documentation (RFC 5737, RFC 3849), or
// for laboratories (RFC 2544) where many networks are needed. Attacker and
// Neighbour own their networks whole: they can send from, and are answered at,
// every address in them.
var (
	Server4       = netip.MustParseAddr("192.0.2.25")
	Server6       = netip.MustParseAddr("2001:db8:25::25")
	Gateway4      = netip.MustParseAddr("192.0.2.1")
	Gateway6      = netip.MustParseAddr("2001:db8:25::1")
	AttackNet4    = netip.MustParsePrefix("198.51.100.0/24")
	AttackNet6    = netip.MustParsePrefix("2001:db8:bad::/48")
	AttackNets4   = netip.MustParsePrefix("198.19.0.0/16")     // many /24s
	AttackNets6   = netip.MustParsePrefix("2001:db8:b00::/40") // many /48s, AttackNet6 among them
	NeighbourNet4 = netip.MustParsePrefix("203.0.113.0/24")
	NeighbourNet6 = netip.MustParsePrefix("2001:db8:1::/64")
)

// HostName is the mail server's name.
const HostName = "mx1.example.test"

// Server returns the mail server's address of the family of client.
func Server(client netip.Addr) netip.Addr {
	if client.Is4() {
		return Server4
	}
	return Server6
}

// unavailable makes an ErrUnavailable that says why.
func unavailable(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrUnavailable, fmt.Errorf(format, args...))
}
