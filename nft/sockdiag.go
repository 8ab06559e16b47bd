package nft

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

const (
	// attrBytecode is INET_DIAG_REQ_BYTECODE, and the opcodes are those of its
	// filter language (include/uapi/linux/inet_diag.h).
	attrBytecode   = 1
	opJump         = 1  // INET_DIAG_BC_JMP
	opLocalPortIs  = 11 // INET_DIAG_BC_S_EQ
	sizeofOp       = 4
	sizeofPortTest = 2 * sizeofOp

	// maxFilterPorts bounds the filter, which the kernel checks in a time that
	// grows with the square of its length.
	maxFilterPorts = 256

	// sizeofSockID is the size of struct inet_diag_sockid: both ports, both
	// addresses in 16 bytes each, the interface and the cookie.
	sizeofSockID = 48

	// tcpTimeWait, tcpClose and tcpListen are states in which no connection is
	// left to be ended (include/net/tcp_states.h).
	tcpTimeWait = 6
	tcpClose    = 7
	tcpListen   = 10

	// openStates is a bit for each of the eleven states but those three. The
	// kernel takes SYN_RECV to include connections that a listener has not
	// made a whole socket for yet.
	openStates = 1<<12 - 2 - 1<<tcpTimeWait - 1<<tcpClose - 1<<tcpListen

	// socketsPerRequest bounds the answers that wait in the socket at a time.
	socketsPerRequest = 500
)

// tcpSocket is a socket as the kernel identifies it. The cookie in the identity
// differs for every socket since boot, so that a later connection with the same
// addresses and ports is not mistaken for this one.
type tcpSocket struct {
	family uint8
	id     [sizeofSockID]byte
}

func (t *tcpSocket) localPort() uint16 { return binary.BigEndian.Uint16(t.id[0:]) }

// remote returns the address of the other side, unmapped.
func (t *tcpSocket) remote() netip.Addr {
	if t.family == unix.AF_INET {
		return netip.AddrFrom4([4]byte(t.id[20:24]))
	}
	return netip.AddrFrom16([16]byte(t.id[20:36])).Unmap()
}

// cookie is the last field of struct inet_diag_sockid.
func (t *tcpSocket) cookie() uint64 { return binary.NativeEndian.Uint64(t.id[sizeofSockID-8:]) }

// inetDiag appends a struct inet_diag_req_v2; seal ends the message.
func (b *batch) inetDiag(typ, flags uint16, states uint32, t tcpSocket) {
	b.begin(typ, flags)
	b.b = append(b.b, t.family, unix.IPPROTO_TCP, 0, 0)
	b.b = binary.NativeEndian.AppendUint32(b.b, states)
	b.b = append(b.b, t.id[:]...)
}

// tcpSockets lists the sockets of a family that are in one of the states and
// that the filter passes; no filter passes all.
func (s *socket) tcpSockets(family uint8, states uint32, filter []byte, each func(tcpSocket)) error {
	b := &batch{encoder: encoder{b: s.out[:0]}}
	b.inetDiag(unix.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, states, tcpSocket{family: family})
	if len(filter) > 0 {
		b.bytes(attrBytecode, filter)
	}
	b.seal()
	return s.ask(b, readSocket(family, each))
}

// readSocket reads a struct inet_diag_msg without its first four bytes.
func readSocket(family uint8, each func(tcpSocket)) func(body []byte) {
	return func(id []byte) {
		if len(id) >= sizeofSockID {
			each(tcpSocket{family: family, id: [sizeofSockID]byte(id)})
		}
	}
}

// destroy ends connections and returns how many. It goes on after a refusal and
// reports the last one.
func (s *socket) destroy(sockets []tcpSocket) (killed int, err error) {
	var refusal error
	for chunk := range slices.Chunk(sockets, socketsPerRequest) {
		b := &batch{encoder: encoder{b: s.out[:0]}}
		for _, t := range chunk {
			b.inetDiag(unix.SOCK_DESTROY, unix.NLM_F_ACK, 0, t)
			b.seal()
		}
		err := s.askEach(b, len(chunk), func(a answer) error {
			switch errno := a.errno(); {
			case errno == 0:
				killed++
			case !gone(errno):
				refusal = &messageError{errno: errno, index: int(a.seq)}
			}
			return nil
		})
		if err != nil {
			return killed, err
		}
	}
	return killed, refusal
}

// gone tells whether the error means that a connection has ended by itself
// since it was listed: no socket has the cookie any more, or only its TIME_WAIT is
// left, for which tcp_abort of older kernels returns EOPNOTSUPP. That the kernel
// can destroy sockets at all was found out by probeKill.
func gone(errno unix.Errno) bool {
	return errno == unix.ENOENT || errno == unix.EOPNOTSUPP
}

// probeKill finds out whether the kernel can list and destroy TCP sockets.
// Listing no state at all fails only where the module for it is missing, and
// destroying a socket that no machine has, one between two ports 0, fails with
// ENOENT only where destroying is built in.
func (s *socket) probeKill() error {
	if err := s.tcpSockets(unix.AF_INET, 0, nil, func(tcpSocket) {}); err != nil {
		return err
	}
	b := &batch{encoder: encoder{b: s.out[:0]}}
	b.inetDiag(unix.SOCK_DESTROY, unix.NLM_F_ACK, 0, tcpSocket{family: unix.AF_INET})
	b.seal()
	return s.askEach(b, 1, func(a answer) error {
		if errno := a.errno(); errno != unix.ENOENT {
			return &messageError{errno: errno, index: int(a.seq)}
		}
		return nil
	})
}

// portFilter compiles a filter that passes sockets with one of the local ports.
// Each test jumps over the jump behind it if the port is another one; that jump
// goes to the end, which means to pass. The last test needs no jump, and where
// it fails it leads one operation past the end, which means not to pass
// (inet_diag_bc_run in net/ipv4/inet_diag.c). Too many ports need none: whoever
// reads the list checks the port anyway.
func portFilter(ports map[uint16]struct{}) []byte {
	if len(ports) > maxFilterPorts {
		return nil
	}
	var b []byte
	left := len(ports)*(sizeofPortTest+sizeofOp) - sizeofOp
	for port := range ports {
		b = appendOp(b, opLocalPortIs, sizeofPortTest, sizeofPortTest+sizeofOp)
		b = appendOp(b, 0, 0, port)
		left -= sizeofPortTest
		if left > 0 {
			b = appendOp(b, opJump, sizeofOp, uint16(left))
			left -= sizeofOp
		}
	}
	return b
}

// appendOp appends a struct inet_diag_bc_op. The operand of a test for a port is
// in the field no of a second one.
func appendOp(b []byte, code, yes uint8, no uint16) []byte {
	return binary.NativeEndian.AppendUint16(append(b, code, yes), no)
}
