package nft

import (
	"encoding/binary"
	"time"

	"golang.org/x/sys/unix"
)

// What x/sys lacks of include/uapi/linux/netfilter/nfnetlink_log.h.
const (
	msgLogPacket = unix.NFNL_SUBSYS_ULOG << 8   // NFULNL_MSG_PACKET
	msgLogConfig = unix.NFNL_SUBSYS_ULOG<<8 | 1 // NFULNL_MSG_CONFIG

	logBind       = 1 // NFULNL_CFG_CMD_BIND
	logCopyPacket = 2 // NFULNL_COPY_PACKET
	logNumbered   = 1 // NFULNL_CFG_F_SEQ

	// Attributes of a request, NFULA_CFG and the name.
	attrLogCommand   = 1
	attrLogMode      = 2
	attrLogBuffer    = 3
	attrLogTimeout   = 4
	attrLogThreshold = 5
	attrLogFlags     = 6

	// Attributes of a packet, NFULA and the name.
	attrLogTime    = 3
	attrLogInput   = 4
	attrLogPayload = 9
	attrLogNumber  = 12
)

const (
	// logBuffer is the memory in which the kernel gathers copies. One with 64
	// bytes of packet takes about 220 bytes, so a full threshold fits.
	logBuffer = 32 << 10
	// logTimeout is after how many hundredths of a second the kernel delivers
	// what it has, however few copies that are.
	logTimeout = 25
	// logThreshold is after how many copies it delivers at once. A rule can
	// only ask for fewer (nfulnl_log_packet in net/netfilter/nfnetlink_log.c).
	logThreshold = 100
)

// bindLog makes the socket the reader of a group. All of it is one message: the
// group never exists half set up.
//
// The command to bind an address family (PF_BIND) is not sent. It is not needed
// for rules that name a group, and it would turn what other programs log in the
// whole network namespace to NFLOG (nf_log_packet in net/netfilter/nf_log.c).
func (s *socket) bindLog(group uint16) error {
	b := &batch{encoder: encoder{b: s.out[:0]}}
	b.header(msgLogConfig, unix.NLM_F_ACK, unix.AF_UNSPEC, group)
	b.bytes(attrLogCommand, []byte{logBind})
	mode := binary.BigEndian.AppendUint32(nil, copyBytes)
	b.bytes(attrLogMode, append(mode, logCopyPacket, 0))
	b.u32(attrLogBuffer, logBuffer)
	b.u32(attrLogTimeout, logTimeout)
	b.u32(attrLogThreshold, logThreshold)
	b.bytes(attrLogFlags, binary.BigEndian.AppendUint16(nil, logNumbered))
	b.seal()
	return s.ask(b, func([]byte) {})
}

// readCopy reads the attributes of one copied packet. The number is that of the
// copy in its group; readable tells whether the packet's source could be read.
func (d *Drop) readCopy(attributes []byte) (number uint32, readable bool) {
	for typ, v := range attrs(attributes) {
		switch typ {
		case attrLogTime:
			if at, ok := logTime(v); ok {
				d.At = at
			}
		case attrLogInput:
			d.Interface = int(readU32(v))
		case attrLogPayload:
			readable = d.readPacket(v)
		case attrLogNumber:
			number = readU32(v)
		}
	}
	return number, readable
}

// logTime reads a struct nfulnl_msg_packet_timestamp: seconds and microseconds.
func logTime(v []byte) (time.Time, bool) {
	if len(v) < 16 {
		return time.Time{}, false
	}
	sec, usec := binary.BigEndian.Uint64(v), binary.BigEndian.Uint64(v[8:])
	const lastSecond, million = 1<<40 - 1, 1_000_000 // far beyond any clock, and inside time.Time
	if sec > lastSecond || usec >= million {
		return time.Time{}, false
	}
	return time.Unix(int64(sec), int64(usec)*1000), true
}
