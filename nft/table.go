package nft

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// Table is the table in the kernel that this process writes. With
// Config.Protect it belongs to the Table's socket: no other process can change
// or delete it until Close. Methods may be called by several goroutines;
// writers wait for each other, readers do not wait for writers.
type Table struct {
	*Reader
	cfg    Config
	kernel Features

	mu    sync.Mutex // guards all below
	sock  *socket
	kinds []kind // that have a set and a rule, as far as we know
	// allow is what SetAllow was given last; nil before the first call, when
	// the allow sets are left as they stand.
	allow []netip.Prefix
	feeds feedSets // that the rules look into, as far as we know
	// filled is what SetFeed put into these sets; nil before its first call.
	filled *feedRanges
	// legible tells that this kernel tells our rules as we write them, which
	// Ensure tries. Otherwise they are only counted.
	legible bool
	pace    pace
	// Memory of the last Apply, used again for the next one.
	ready []Change    // what is written
	at    map[Key]int // where each ban is in ready
	parts []group     // the sets concerned

	refeeds    int            // times that the feed is still to be put back in the background
	background sync.WaitGroup // for that
	closed     bool

	feedMu sync.Mutex // held while a feed is replaced; locked before mu
}

// Option changes how Open and OpenReadOnly reach the kernel.
type Option func(*options)

type options struct {
	netns int
	fake  *Fake // nil: the kernel of this machine
}

// WithNetNS makes the sockets belong to the network namespace that the open
// file descriptor refers to, instead of that of the calling thread.
func WithNetNS(fd int) Option {
	return func(o *options) { o.netns = fd }
}

func gather(opts []Option) options {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// Open connects to the kernel and finds out what it can do; it leaves nothing
// changed there. Ensure then builds or adopts the table. The error is ErrConfig,
// ErrPermission, ErrNoNFTables or ErrOwned, or one of the socket.
func Open(cfg Config, opts ...Option) (*Table, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	o := gather(opts)
	reader, err := openReader(cfg.Table, o)
	if err != nil {
		return nil, err
	}
	sock, err := o.open()
	if err != nil {
		return nil, errors.Join(err, reader.Close())
	}
	t := &Table{Reader: reader, cfg: cfg, sock: sock, at: map[Key]int{}}
	if t.kernel, err = sock.probe(cfg); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	if !t.kernel.NFLog {
		t.cfg.NFLogGroup = 0
	}
	if t.cfg.LogBurst == 0 {
		t.cfg.LogBurst = kernelBurst
	}
	return t, nil
}

// Features tells what the kernel can do.
func (t *Table) Features() Features { return t.kernel }

// Close gives up the sockets. The table stays and goes on enforcing; a
// protected one becomes an ordinary table that anybody may change and that the
// next Ensure protects again.
func (t *Table) Close() error {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.background.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	return errors.Join(t.sock.close(), t.Reader.Close())
}

// protects tells whether the table is to be protected.
func (t *Table) protects() bool { return t.cfg.Protect && t.kernel.Protect }

const (
	maxNameBytes   = 255 // NFT_NAME_MAXLEN, the NUL byte apart
	maxPrefixBytes = 127 // NF_LOG_PREFIXLEN, the NUL byte apart
	kernelBurst    = 5   // NFT_LIMIT_PKT_BURST_DEFAULT
)

// check returns all faults of the configuration at once.
func (c Config) check() error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
		}
	}
	fault(c.Table == "" || len(c.Table) > maxNameBytes, "name of the table must have 1 to %d bytes", maxNameBytes)
	fault(len(c.Ports) == 0, "no ports to guard")
	switch c.Hook {
	case HookPrerouting, HookInput:
	case HookUFW:
		fault(c.Mark == 0 || c.Mark&^c.MarkMask != 0, "mark %#x is zero or has bits outside of its mask %#x", c.Mark, c.MarkMask)
	default:
		fault(true, "unknown hook %q", c.Hook)
	}
	fault(c.MaxBans < 1 || c.MaxBans > 1<<30, "number of bans %d is not between 1 and %d", c.MaxBans, 1<<30)
	fault(len(c.LogPrefix) > maxPrefixBytes, "log prefix has more than %d bytes", maxPrefixBytes)
	switch c.LogPer {
	case time.Second, time.Minute, time.Hour, 24 * time.Hour:
	default:
		fault(c.LogRate > 0, "log rate per %v, not per second, minute, hour or day", c.LogPer)
	}
	return errors.Join(faults...)
}

// setSize is the limit of each set: a tenth above the wanted number, because
// ended elements count until the kernel collects them.
func (c Config) setSize() uint32 { return uint32(c.MaxBans + c.MaxBans/10) }
