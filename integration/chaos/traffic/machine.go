package traffic

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Config says what is sent.
type Config struct {
	// Do calls a function in the network from which is sent.
	Do func(func() error) error
	// Server4 and Server6 are the addresses to which is sent.
	Server4, Server6 netip.Addr
	// Ports are used in turn. Nobody should listen there.
	Ports []uint16
	// Every is how often each address sends.
	Every time.Duration
	// Kernel asks the kernel for something that takes it a moment when nobody
	// else keeps it busy; Stalled counts it when it takes long. nil for nothing.
	Kernel func() error
}

// Machine sends and receives until Stop.
type Machine struct {
	cfg   Config
	begin time.Time
	ring  *ring
	// sockets by family, IPv4 first
	out, in [2]int
	aims    atomic.Pointer[[]aim]
	pulse   pulse
	stop    context.CancelFunc
	running sync.WaitGroup
	stats   Stats
}

// Stats says how the Machine itself fared.
type Stats struct {
	Sent    uint64
	Unsent  uint64        // refused by the kernel, or nobody took the earlier ones
	Lost    uint64        // answers for which the receiver had no room
	LongGap time.Duration // the longest time in which nothing was sent
}

// Start opens the sockets and begins with no address at all.
func Start(cfg Config) (*Machine, error) {
	m := &Machine{cfg: cfg, begin: time.Now(), ring: &ring{}}
	m.aims.Store(&[]aim{})
	if err := cfg.Do(m.open); err != nil {
		return nil, fmt.Errorf("open the sockets of the traffic: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	m.stop = stop
	if err := m.pulse.watch(ctx, &m.running, m.Now); err != nil {
		return nil, errors.Join(err, m.close())
	}
	m.running.Go(func() { m.send(ctx) })
	if cfg.Kernel != nil {
		m.running.Go(func() { m.pulse.ask(ctx, cfg.Kernel, m.Now) })
	}
	for family := range m.in {
		m.running.Go(func() { m.receive(ctx, family) })
	}
	return m, nil
}

// families are the protocol families of the sockets.
var families = [2]int{unix.AF_INET, unix.AF_INET6}

// receiveBytes is room for the answers of some seconds.
const receiveBytes = 64 << 20

// pollEvery bounds how long a receiver waits before it looks whether it
// should stop.
var pollEvery = unix.Timeval{Usec: 100_000}

// open opens the sockets: of raw(7), which takes whole packets to send, and
// hands over a copy of each TCP packet that comes in.
func (m *Machine) open() (err error) {
	for i, family := range families {
		if m.out[i], err = unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW); err != nil {
			return err
		}
		if m.in[i], err = unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP); err != nil {
			return err
		}
		if err := errors.Join(
			unix.SetsockoptInt(m.in[i], unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBytes),
			unix.SetsockoptTimeval(m.in[i], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &pollEvery),
		); err != nil {
			return err
		}
	}
	return nil
}

// Now is the Machine's clock.
func (m *Machine) Now() time.Duration { return time.Since(m.begin) }

// Take returns the packets that were sent until then and not taken yet, in
// their order.
func (m *Machine) Take(until time.Duration) []Probe { return m.ring.take(until) }

// Stop ends the sending and returns how it went.
func (m *Machine) Stop() (Stats, error) {
	m.stop()
	m.running.Wait()
	var errs []error
	for _, fd := range m.in {
		lost, err := lostPackets(fd)
		m.stats.Lost += lost
		errs = append(errs, err)
	}
	return m.stats, errors.Join(append(errs, m.close())...)
}

func (m *Machine) close() error {
	return errors.Join(unix.Close(m.in[0]), unix.Close(m.in[1]), unix.Close(m.out[0]), unix.Close(m.out[1]))
}

// Stalled returns for how long between two moments a processor ran nothing of
// ours, or the kernel did not get done what was asked of it, because they were
// busy with others.
func (m *Machine) Stalled(from, to time.Duration) time.Duration { return m.pulse.within(from, to) }
