package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/smtpbl/smtpbl/nft"
)

// banTime is how long every ban lasts: longer than any measurement.
const banTime = 24 * time.Hour

// mailPorts are guarded by every way.
var mailPorts = []uint16{25, 465, 587}

// tableConfig is the service's own by default, but for the hook and the
// counters, which are compared.
func tableConfig(hook nft.Hook, counters bool) nft.Config {
	return nft.Config{
		Table: "smtpbl", Ports: mailPorts, Hook: hook, MaxBans: 2_000_000,
		ElementCounters: counters, Protect: true,
		LogRate: 3, LogPer: time.Minute, LogBurst: 10, LogPrefix: "[SMTP BLACKLIST] ",
	}
}

// loadOwn is what this program does as a child of its own: it bans the
// addresses in a file with one call of Apply, as "nft -f" and "ipset restore"
// do it with theirs. It refuses to touch the network of its parent.
func loadOwn(hook nft.Hook, counters bool, file string) (err error) {
	same, err := sameNetwork(os.Getppid())
	if err != nil {
		return err
	}
	if same {
		return errors.New("load addresses only into a namespace that the benchmark has made")
	}
	table, err := nft.Open(tableConfig(hook, counters))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, table.Close()) }()
	if _, err := table.Ensure(); err != nil {
		return err
	}
	var changes []nft.Change
	err = eachLine(file, func(line string) error {
		addr, err := netip.ParseAddr(line)
		if err != nil {
			return fmt.Errorf("read a list: %w", err)
		}
		changes = append(changes, nft.Change{Prefix: netip.PrefixFrom(addr, addr.BitLen()), Timeout: banTime})
		return nil
	})
	if err != nil {
		return err
	}
	return table.Apply(changes)
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
