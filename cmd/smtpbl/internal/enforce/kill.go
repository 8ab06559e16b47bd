package enforce

import (
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/smtpbl/smtpbl/nft"
)

// Sessions is what is needed of nft.Sessions.
type Sessions interface {
	Kill(prefixes []netip.Prefix) (killed int, err error)
	KillAll(prefixes []netip.Prefix) (killed int, err error)
	SetAllow(prefixes []netip.Prefix) error
}

// killer ends the open connections of freshly banned addresses, beside the
// Enforcer: the drop is in force already, so the next ban need not wait.
//
// Before that it looks once more who must not be banned. To look before the ban
// would cost each ban the walk through the kernel's table of connections, some
// milliseconds on a large machine. So for that long packets of such an address
// can be lost, which TCP sends again, and no connection is.
type killer struct {
	sessions Sessions
	again    func() // Options.LookAgain
	log      *slog.Logger

	mu         sync.Mutex
	targets    []netip.Prefix // at the mail ports
	everywhere []netip.Prefix // at all ports
	wake       chan struct{}
}

func newKiller(o Options) *killer {
	return &killer{sessions: o.Sessions, again: o.LookAgain, log: o.Log, wake: make(chan struct{}, 1)}
}

// add hands prefixes over that were banned in a layer. All that come close
// together cost one look at the machine's connections.
func (k *killer) add(layer nft.Layer, prefixes ...netip.Prefix) {
	if k.sessions == nil && k.again == nil || len(prefixes) == 0 {
		return
	}
	k.mu.Lock()
	if layer == nft.LayerAll {
		k.everywhere = append(k.everywhere, prefixes...)
	} else {
		k.targets = append(k.targets, prefixes...)
	}
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// killShare keeps looks at the machine's connections to this share of the time:
// each takes milliseconds, and in a burst of bans the next bans need the
// processor more. A lone ban waits for nothing.
const killShare = 10

func (k *killer) run(stop <-chan struct{}) {
	for {
		select {
		case <-k.wake:
			start := time.Now()
			k.kill()
			select {
			case <-time.After(killShare * time.Since(start)):
			case <-stop:
				return
			}
		case <-stop:
			return
		}
	}
}

func (k *killer) kill() {
	k.mu.Lock()
	targets, everywhere := k.targets, k.everywhere
	k.targets, k.everywhere = nil, nil
	k.mu.Unlock()
	if k.again != nil {
		k.again()
	}
	if k.sessions == nil {
		return
	}
	n := 0
	var err error
	if len(targets) > 0 {
		n, err = k.sessions.Kill(targets)
	}
	if len(everywhere) > 0 {
		more, failed := k.sessions.KillAll(everywhere)
		n, err = n+more, errors.Join(err, failed)
	}
	if err != nil {
		k.log.Warn("cannot end open connections of banned addresses: they stall instead", "err", err)
	}
	if n > 0 {
		k.log.Info("open connections ended", "connections", n)
	}
}
