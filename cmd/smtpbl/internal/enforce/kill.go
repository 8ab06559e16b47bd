package enforce

import (
	"log/slog"
	"net/netip"
	"sync"
)

// Sessions is what is needed of nft.Sessions.
type Sessions interface {
	Kill(prefixes []netip.Prefix) (killed int, err error)
	SetAllow(prefixes []netip.Prefix) error
}

// killer ends the open connections of freshly banned addresses, beside the
// Enforcer: the drop is in force already, so the next ban need not wait.
type killer struct {
	sessions Sessions
	log      *slog.Logger

	mu      sync.Mutex
	targets []netip.Prefix
	wake    chan struct{}
}

func newKiller(o Options) *killer {
	return &killer{sessions: o.Sessions, log: o.Log, wake: make(chan struct{}, 1)}
}

// add hands banned prefixes over. All that come close together cost one look
// at the machine's connections.
func (k *killer) add(prefixes ...netip.Prefix) {
	if k.sessions == nil || len(prefixes) == 0 {
		return
	}
	k.mu.Lock()
	k.targets = append(k.targets, prefixes...)
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *killer) run(stop <-chan struct{}) {
	for {
		select {
		case <-k.wake:
			k.kill()
		case <-stop:
			return
		}
	}
}

func (k *killer) kill() {
	k.mu.Lock()
	targets := k.targets
	k.targets = nil
	k.mu.Unlock()
	n, err := k.sessions.Kill(targets)
	if err != nil {
		k.log.Warn("cannot end open connections of banned addresses: they stall instead", "err", err)
	}
	if n > 0 {
		k.log.Info("open connections ended", "connections", n)
	}
}
