package nft

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"
)

// established is the bit of TCP_ESTABLISHED (include/net/tcp_states.h). A
// connection that is only half open does not count: anybody can begin one from
// an address that is not his.
const established = 1 << 1

// Peers lists who has connections to some TCP ports of this machine, such as
// that of SSH. It reaches the sockets of one network namespace. Methods may be
// called by several goroutines.
type Peers struct {
	ports  map[uint16]struct{}
	filter []byte

	mu   sync.Mutex // guards sock
	sock *socket
}

// OpenPeers connects to the kernel to list connections to the local TCP ports;
// it takes no rights. The error is ErrConfig without ports, or one of the socket.
func OpenPeers(ports []uint16, opts ...Option) (*Peers, error) {
	if len(ports) == 0 {
		return nil, fmt.Errorf("%w: no ports whose connections to list", ErrConfig)
	}
	sock, err := dial(unix.NETLINK_SOCK_DIAG, gather(opts).netns)
	if err != nil {
		return nil, fmt.Errorf("open socket to list connections: %w", err)
	}
	p := &Peers{ports: make(map[uint16]struct{}, len(ports)), sock: sock}
	for _, port := range ports {
		p.ports[port] = struct{}{}
	}
	p.filter = portFilter(p.ports)
	return p, nil
}

// Close gives up the socket.
func (p *Peers) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sock.close()
}

// Peer is the other side of an established connection.
type Peer struct {
	Addr netip.Addr
	// Connection differs for every connection since boot: it is the cookie of
	// its socket.
	Connection uint64
}

// Connected returns the other sides of the established connections, without
// those of loopback. Both families are asked, because an IPv6 listener that
// takes both has connections of IPv4 too.
func (p *Peers) Connected() ([]Peer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []Peer
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		err := p.sock.tcpSockets(family, established, p.filter, func(t tcpSocket) {
			if _, ours := p.ports[t.localPort()]; ours && !t.remote().IsLoopback() {
				out = append(out, Peer{t.remote(), t.cookie()})
			}
		})
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EOPNOTSUPP) {
			continue // the kernel has no such sockets to list
		}
		if err != nil {
			return nil, fmt.Errorf("list connections: %w", err)
		}
	}
	return out, nil
}
