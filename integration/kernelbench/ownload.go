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
// loadOwn; the others are those of ownLoad.args.
const loadCommand = "load-own"

// ownSetup is what is compared of smtpbl's own ways.
type ownSetup struct {
	hook  nft.Hook
	plain bool // no counter for each element
	feed  bool // addresses are loaded as a feed, not as bans
}

// ownLoad is what this program asks of itself.
type ownLoad struct {
	ownSetup
	outside string // the network namespace that must not be touched
	file    string // of addresses
}

// args are what parseOwnLoad reads.
func (l ownLoad) args() []string {
	return []string{
		loadCommand, "-hook=" + string(l.hook), fmt.Sprintf("-plain=%t", l.plain), fmt.Sprintf("-feed=%t", l.feed),
		"-outside=" + l.outside, l.file,
	}
}

func parseOwnLoad(args []string) (l ownLoad, err error) {
	flags := flag.NewFlagSet(loadCommand, flag.ContinueOnError)
	hook := flags.String("hook", "", "as in the configuration")
	flags.BoolVar(&l.plain, "plain", false, "without a counter for each element")
	flags.BoolVar(&l.feed, "feed", false, "load a feed, not bans")
	flags.StringVar(&l.outside, "outside", "", "the network namespace that must not be touched")
	err = flags.Parse(args)
	l.hook, l.file = nft.Hook(*hook), flags.Arg(0)
	return l, err
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
// theirs. It refuses to touch the network that the benchmark was started in.
func loadOwn(args []string) (err error) {
	l, err := parseOwnLoad(args)
	if err != nil {
		return err
	}
	inside, err := network()
	if err != nil {
		return err
	}
	if l.outside == "" || l.outside == inside {
		return errors.New("load addresses only into a namespace that the benchmark has made")
	}
	table, err := nft.Open(l.config())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, table.Close()) }()
	if _, err := table.Ensure(); err != nil {
		return err
	}
	if l.feed {
		return loadFeed(table, l.file)
	}
	return loadBans(table, l.file)
}

func loadBans(table *nft.Table, file string) error {
	var changes []nft.Change
	err := eachPrefix(file, func(p netip.Prefix) {
		changes = append(changes, nft.Change{Prefix: p, Timeout: banTime})
	})
	if err != nil {
		return err
	}
	return table.Load(changes)
}

func loadFeed(table *nft.Table, file string) error {
	var list []netip.Prefix
	if err := eachPrefix(file, func(p netip.Prefix) { list = append(list, p) }); err != nil {
		return err
	}
	return table.SetFeed(list)
}

// network names the network namespace of the calling thread.
func network() (string, error) {
	name, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		return "", fmt.Errorf("find out which network this is: %w", err)
	}
	return name, nil
}
