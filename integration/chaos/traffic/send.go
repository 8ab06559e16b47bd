package traffic

import (
	"context"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Source is an address that sends, with a number for its Probes.
type Source struct {
	Number int
	Addr   netip.Addr
}

// aim is a Source made ready.
type aim struct {
	number  int
	family  int
	to      unix.Sockaddr
	packets []*packet // one for each port
}

// sourcePort is where all packets come from.
const sourcePort = 40000

// Aim says who sends from now on.
func (m *Machine) Aim(sources []Source) {
	aims := make([]aim, 0, len(sources))
	for _, s := range sources {
		a := aim{number: s.Number}
		server := m.cfg.Server4
		if s.Addr.Is4() {
			a.to = &unix.SockaddrInet4{Addr: server.As4()}
		} else {
			server = m.cfg.Server6
			a.family, a.to = 1, &unix.SockaddrInet6{Addr: server.As16()}
		}
		for _, port := range m.cfg.Ports {
			a.packets = append(a.packets, newPacket(netip.AddrPortFrom(s.Addr, sourcePort), netip.AddrPortFrom(server, port)))
		}
		aims = append(aims, a)
	}
	m.aims.Store(&aims)
}

// tick is how often the sender wakes up.
const tick = time.Millisecond

// send sends until ctx ends. After a pause that the machine forced upon it, it
// does not catch up with more than one packet from each address.
func (m *Machine) send(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last, due, turn := m.Now(), 0.0, 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		aims, now := *m.aims.Load(), m.Now()
		if len(aims) == 0 {
			last = now
			continue
		}
		m.stats.LongGap = max(m.stats.LongGap, now-last)
		due = min(due+float64(now-last)/float64(m.cfg.Every)*float64(len(aims)), float64(len(aims)))
		for last = now; due >= 1; due-- {
			m.shoot(&aims[turn%len(aims)], turn/len(aims))
			turn++
		}
	}
}

// shoot sends one packet.
func (m *Machine) shoot(a *aim, round int) {
	seq, ok := m.ring.add(a.number, m.Now())
	if !ok {
		m.stats.Unsent++
		return
	}
	p := a.packets[round%len(a.packets)]
	if err := unix.Sendto(m.out[a.family], p.number(seq), 0, a.to); err != nil {
		m.stats.Unsent++
		m.ring.void(seq)
		return
	}
	m.stats.Sent++
}
