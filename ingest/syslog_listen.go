package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
)

// listener is one entry of SyslogConfig.Listen.
type listener struct {
	network string         // "unix", "udp" or "tcp"
	path    string         // of a unix socket
	addr    netip.AddrPort // of the others
}

// CheckListener tells what is wrong with an entry of SyslogConfig.Listen, nil
// where it can be used.
func CheckListener(text string) error {
	_, err := parseListener(text)
	return err
}

func parseListener(text string) (listener, error) {
	network, rest, _ := strings.Cut(text, ":")
	where := listener{network: network}
	var err error
	switch network {
	case "unix":
		if where.path = rest; !filepath.IsAbs(rest) {
			err = errors.New("the path of a unix socket must be absolute")
		}
	case "udp", "tcp":
		where.addr, err = netip.ParseAddrPort(rest)
	default:
		err = errors.New("neither unix: nor udp: nor tcp: stands at its beginning")
	}
	if err != nil {
		return listener{}, fmt.Errorf("syslog listener %q: %w", text, err)
	}
	return where, nil
}

// listen opens the socket.
func (s *Syslog) listen(ctx context.Context, where listener) (socket, error) {
	switch where.network {
	case "unix":
		return s.listenUnix(ctx, where)
	case "udp":
		return s.listenUDP(ctx, where.addr)
	}
	return s.listenTCP(ctx, where.addr)
}
