package traffic

import (
	"context"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// receive notes answers until ctx ends.
func (m *Machine) receive(ctx context.Context, family int) {
	buf := make([]byte, 2048)
	for ctx.Err() == nil {
		n, err := unix.Read(m.in[family], buf)
		if err != nil {
			continue // nothing came for a while
		}
		now, tcp := m.Now(), buf[:n]
		if family == 0 { // raw(7): an IPv4 socket hands over the IP header
			tcp = tcp[min(len(tcp), int(buf[0]&0xf)*4):]
		}
		if seq, ok := answered(tcp); ok {
			m.ring.answer(seq, now)
		}
	}
}

// The layout of SO_MEMINFO (include/uapi/linux/sock_diag.h).
const (
	memInfoDrops = 8
	memInfoVars  = 9
)

// lostPackets is how many packets found no room in the socket's buffer.
func lostPackets(fd int) (uint64, error) {
	var info [memInfoVars]uint32
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0, fmt.Errorf("ask a socket for its losses: %w", errno)
	}
	return uint64(info[memInfoDrops]), nil
}
