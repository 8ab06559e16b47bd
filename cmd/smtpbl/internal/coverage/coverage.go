// Package coverage tells which failed logins come in at ports that bans do not
// close. A failure at IMAP counts like one at SMTP, for passwords are tried
// wherever they can be; but a ban drops packets to the ports of nft.ports only.
//
// A log line tells the protocol and not the port. So a protocol is covered when
// nft.ports has all the ports that it usually has.
package coverage

import (
	"slices"

	"github.com/smtpbl/smtpbl/policy"
)

// Usual returns the ports that servers of a protocol listen on (RFC 6409, 8314,
// 9051, 1939 and 5804).
func Usual(p policy.Protocol) []uint16 {
	switch p {
	case policy.SMTP:
		return []uint16{25, 465, 587}
	case policy.IMAP:
		return []uint16{143, 993}
	case policy.POP3:
		return []uint16{110, 995}
	case policy.Sieve:
		return []uint16{4190}
	default:
		return nil
	}
}

// Missing returns the usual ports of p that are not among ports.
func Missing(ports []uint16, p policy.Protocol) []uint16 {
	return slices.DeleteFunc(Usual(p), func(port uint16) bool { return slices.Contains(ports, port) })
}

// protocols is one more than the highest number of a protocol.
const protocols = int(policy.Sieve) + 1
