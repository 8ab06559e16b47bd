package main

import (
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/smtpbl/smtpbl/nft"
)

// loadCommand is the first argument with which this program runs itself, see
// loadOwn; the others are those of ownSetup.args, and the name of a file.
const loadCommand = "load-own"

// ownSetup is what is compared of smtpbl's own ways.
type ownSetup struct {
	hook  nft.Hook
	plain bool // no counter for each element
	feed  bool // addresses are loaded as a feed, not as bans
}

// args are the flags that parseOwn reads.
func (s ownSetup) args() []string {
	return []string{"-hook=" + string(s.hook), fmt.Sprintf("-plain=%t", s.plain), fmt.Sprintf("-feed=%t", s.feed)}
}

func parseOwn(args []string) (s ownSetup, file string, err error) {
	flags := flag.NewFlagSet(loadCommand, flag.ContinueOnError)
	hook := flags.String("hook", "", "as in the configuration")
	flags.BoolVar(&s.plain, "plain", false, "without a counter for each element")
	flags.BoolVar(&s.feed, "feed", false, "load a feed, not bans")
	err = flags.Parse(args)
	s.hook = nft.Hook(*hook)
	return s, flags.Arg(0), err
}

// banTime is how long every ban lasts: longer than any measurement.
const banTime = 24 * time.Hour

// mailPorts are guarded by every way.
var mailPorts = []uint16{25, 465, 587}

// The mark of the harness in ufw, as it is by default.
const ufwMark, ufwMarkMask = 0x5b100000, 0xfff00000

// config is the service's own by default, but for what is compared and for the
// size.
func (s ownSetup) config() nft.Config {
	return nft.Config{
		Table: "smtpbl", Ports: mailPorts, Hook: s.hook, MaxBans: 2_000_000,
		ElementCounters: !s.plain, Protect: true,
		LogRate: 3, LogPer: time.Minute, LogBurst: 10, LogPrefix: "[SMTP BLACKLIST] ",
		Mark: ufwMark, MarkMask: ufwMarkMask,
	}
}

// loadOwn is what this program does as a child of its own: it bans the
// addresses in a file with one call, as "nft -f" and "ipset restore" do it with
// theirs. It refuses to touch the network of its parent.
func loadOwn(args []string) (err error) {
	s, file, err := parseOwn(args)
	if err != nil {
		return err
	}
	if same, err := sameNetwork(os.Getppid()); err != nil {
		return err
	} else if same {
		return errors.New("load addresses only into a namespace that the benchmark has made")
	}
	table, err := nft.Open(s.config())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, table.Close()) }()
	if _, err := table.Ensure(); err != nil {
		return err
	}
	if s.feed {
		return loadFeed(table, file)
	}
	return loadBans(table, file)
}

func loadBans(table *nft.Table, file string) error {
	var changes []nft.Change
	err := eachPrefix(file, func(p netip.Prefix) {
		changes = append(changes, nft.Change{Prefix: p, Timeout: banTime})
	})
	if err != nil {
		return err
	}
	return table.Apply(changes)
}

func loadFeed(table *nft.Table, file string) error {
	var list []netip.Prefix
	if err := eachPrefix(file, func(p netip.Prefix) { list = append(list, p) }); err != nil {
		return err
	}
	return table.SetFeed(list)
}

// sameNetwork tells whether a process is in our network namespace.
func sameNetwork(pid int) (bool, error) {
	own, err := os.Stat("/proc/thread-self/ns/net")
	if err != nil {
		return false, fmt.Errorf("look at the own network: %w", err)
	}
	other, err := os.Stat(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return false, fmt.Errorf("look at the parent's network: %w", err)
	}
	return os.SameFile(own, other), nil
}
