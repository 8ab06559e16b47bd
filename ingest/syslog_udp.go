package ingest

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// maxSyslog is how many bytes of one message are kept: what fits into a
// datagram of UDP, and eight times what syslog daemons send (rsyslog's
// maxMessageSize is 8 KiB).
const maxSyslog = 64 << 10

// udpSocket takes datagrams.
type udpSocket struct {
	*net.UDPConn
	s *Syslog
	// lost is the kernel's count of what found no room in the receive buffer.
	lost   uint32
	owners *udpOwners
}

func (s *Syslog) listenUDP(ctx context.Context, addr netip.AddrPort) (socket, error) {
	options := net.ListenConfig{Control: control(func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
	})}
	conn, err := options.ListenPacket(ctx, "udp", addr.String())
	if err != nil {
		return nil, err
	}
	return &udpSocket{UDPConn: conn.(*net.UDPConn), s: s, owners: newUDPOwners(s.cfg.Now)}, nil
}

func (u *udpSocket) place() string { return "udp:" + u.LocalAddr().String() }

func (u *udpSocket) serve(ctx context.Context) {
	buf := make([]byte, maxSyslog)
	extra := make([]byte, unix.CmsgSpace(4))
	for {
		n, more, flags, from, err := u.ReadMsgUDPAddrPort(buf, extra)
		if err != nil {
			if u.s.readFailed(ctx, u.place(), err) {
				return
			}
			continue
		}
		u.noteLoss(extra[:more])
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if from.Addr().IsLoopback() && !u.owners.believe(from) {
			u.s.refuse(u.place(), from.String())
			continue
		}
		u.s.datagram(buf[:n], flags)
	}
}

// noteLoss reads the kernel's count, which it tells with a datagram once there
// was a loss (socket(7), SO_RXQ_OVFL). It may wrap around.
func (u *udpSocket) noteLoss(extra []byte) {
	data, ok := told(extra, unix.SO_RXQ_OVFL, 4)
	if !ok {
		return
	}
	total := binary.NativeEndian.Uint32(data)
	u.s.stats.dropped.Add(uint64(total - u.lost))
	u.lost = total
}

// told returns what the kernel says of a kind with a datagram, at least size
// bytes.
func told(extra []byte, kind int32, size int) (data []byte, ok bool) {
	if len(extra) < unix.SizeofCmsghdr {
		return nil, false
	}
	h, data, _, err := unix.ParseOneSocketControlMessage(extra)
	return data, err == nil && h.Level == unix.SOL_SOCKET && h.Type == kind && len(data) >= size
}

// datagram takes one message in.
func (s *Syslog) datagram(message []byte, flags int) {
	if flags&unix.MSG_TRUNC != 0 {
		s.stats.overLong.Add(1)
	}
	s.put(message)
}

// readFailed counts a failed read, waits so that a lasting fault costs little,
// and tells whether that was the end.
func (s *Syslog) readFailed(ctx context.Context, place string, err error) (end bool) {
	if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
		return true
	}
	if s.stats.errors.Add(1) == 1 {
		s.cfg.Logger.Error("cannot read from the syslog socket, trying again", "listen", place, "err", err)
	}
	select {
	case <-ctx.Done():
		return true
	case <-time.After(100 * time.Millisecond):
		return false
	}
}
