package nft

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// Sessions ends TCP connections of banned addresses. A ban alone drops their
// packets, which leaves the server with connections that hang until they time
// out; ending them gives the server an error at once, so that it can use the
// process behind the connection for somebody else.
//
// It reaches the sockets of one network namespace. Connections that are
// forwarded to a container have their sockets in the namespace of the container
// and only hang. Methods may be called by several goroutines.
type Sessions struct {
	guarded portChoice

	mu    sync.Mutex // guards all below
	sock  *socket
	allow prefixSet
}

// OpenSessions connects to the kernel to end connections to the local TCP
// ports. The error is ErrConfig without ports, ErrNoSockDestroy where the kernel
// cannot end connections, or one of the socket.
func OpenSessions(ports []uint16, opts ...Option) (*Sessions, error) {
	if len(ports) == 0 {
		return nil, fmt.Errorf("%w: no ports whose connections to end", ErrConfig)
	}
	sock, err := dial(unix.NETLINK_SOCK_DIAG, gather(opts).netns)
	if err != nil {
		return nil, fmt.Errorf("open socket to list connections: %w", classifyDiag(err))
	}
	if err := sock.probeKill(); err != nil {
		return nil, errors.Join(fmt.Errorf("try to end a connection: %w", classifyDiag(err)), sock.close())
	}
	set := make(map[uint16]struct{}, len(ports))
	for _, port := range ports {
		set[port] = struct{}{}
	}
	return &Sessions{guarded: portChoice{ports: set, filter: portFilter(set)}, sock: sock}, nil
}

// Close gives up the socket.
func (s *Sessions) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sock.close()
}

// SetAllow replaces the addresses whose connections live on whatever is banned.
// What Table.SetAllow never drops must be set here too. Prefixes may overlap and
// may have any length.
func (s *Sessions) SetAllow(prefixes []netip.Prefix) error {
	if err := checkAllow(prefixes); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.allow = newPrefixSet(prefixes)
	return nil
}

// Kill ends the connections to the ports whose remote address is in one of the
// prefixes, not allowed, and not a loopback address, and returns how many they
// were. Both sides get a reset, the remote one unless it is gone. A connection
// that ended by itself meanwhile is neither counted nor an error.
//
// The sockets are listed once for each address family, however many prefixes
// there are. The error is ErrPrefix for what cannot be banned, ErrPermission
// without CAP_NET_ADMIN, or one of the socket; after an error some connections
// can have been ended, and killed counts them.
func (s *Sessions) Kill(prefixes []netip.Prefix) (killed int, err error) {
	return s.kill(prefixes, s.guarded)
}

// KillAll is Kill for the connections of all ports, also for those that this
// machine opened: of addresses that are banned at all ports.
func (s *Sessions) KillAll(prefixes []netip.Prefix) (killed int, err error) {
	return s.kill(prefixes, portChoice{})
}

// portChoice is which local ports are meant; the zero value means all.
type portChoice struct {
	ports  map[uint16]struct{}
	filter []byte // for the kernel, which passes no fewer
}

func (c portChoice) has(port uint16) bool {
	_, chosen := c.ports[port]
	return chosen || c.ports == nil
}

func (s *Sessions) kill(prefixes []netip.Prefix, at portChoice) (killed int, err error) {
	normal := make([]netip.Prefix, 0, len(prefixes))
	for _, p := range prefixes {
		n, err := Normalize(p)
		if err != nil {
			return 0, fmt.Errorf("end connections: %w", err)
		}
		normal = append(normal, n)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	victims, err := s.victims(newPrefixSet(normal), at)
	if err != nil {
		return 0, fmt.Errorf("list connections: %w", classifyDiag(err))
	}
	killed, err = s.sock.destroy(victims)
	if err != nil {
		err = fmt.Errorf("end %d connections: %w", len(victims), classifyDiag(err))
	}
	return killed, err
}

// victims lists the sockets that are to be destroyed.
func (s *Sessions) victims(banned prefixSet, at portChoice) ([]tcpSocket, error) {
	var victims []tcpSocket
	for _, family := range familiesOf(banned) {
		err := s.sock.tcpSockets(family, openStates, at.filter, func(t tcpSocket) {
			if s.condemns(banned, at, t) {
				victims = append(victims, t)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return victims, nil
}

// familiesOf returns which sockets can have a remote address in the set: those
// of IPv6 listeners that take both families have remote addresses of IPv4 too.
func familiesOf(banned prefixSet) []uint8 {
	if slices.ContainsFunc(banned.lengths, func(l length) bool { return !l.v6 }) {
		return []uint8{unix.AF_INET, unix.AF_INET6}
	}
	if len(banned.lengths) > 0 {
		return []uint8{unix.AF_INET6}
	}
	return nil
}

// condemns spares, beside allowed addresses, those of loopback, which the rules
// of the table do not drop either.
func (s *Sessions) condemns(banned prefixSet, at portChoice, t tcpSocket) bool {
	if !at.has(t.localPort()) {
		return false
	}
	remote := t.remote()
	return banned.contains(remote) && !remote.IsLoopback() && !s.allow.contains(remote)
}

// classifyDiag adds the sentinel that tells the caller what to do. ENOENT is
// what sock_diag answers for a family or protocol that it has no module for.
func classifyDiag(err error) error {
	switch {
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: %w", ErrPermission, err)
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOENT), errors.Is(err, unix.EPROTONOSUPPORT):
		return fmt.Errorf("%w: %w", ErrNoSockDestroy, err)
	}
	return err
}
