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
	network     string         // "unix", "udp" or "tcp"
	path, group string         // of a unix socket
	addr        netip.AddrPort // of the others
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
		where.path, where.group, err = unixPath(rest)
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

// unixPath reads "/path" and "/path,group=NAME".
func unixPath(text string) (path, group string, err error) {
	path, option, found := strings.Cut(text, ",")
	group, ok := strings.CutPrefix(option, "group=")
	switch {
	case !filepath.IsAbs(path):
		return "", "", errors.New("the path of a unix socket must be absolute")
	case found && (!ok || group == ""):
		return "", "", errors.New("behind the path of a unix socket only group=NAME is known")
	}
	return path, group, nil
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
