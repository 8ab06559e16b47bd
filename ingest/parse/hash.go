package parse

import "encoding/binary"

// hash makes a number of a connection's name, so that it can be compared
// cheaply. It takes eight bytes at a time, being part of each failed login's
// cost; the names are the servers' own, so nobody can aim at a collision.
// It is never 0, which means no name.
func hash(parts ...[]byte) uint64 {
	const prime = 0x9e3779b97f4a7c15
	h := uint64(len(parts))
	for _, p := range parts {
		h = (h ^ uint64(len(p))) * prime
		for ; len(p) >= 8; p = p[8:] {
			h = (h ^ binary.LittleEndian.Uint64(p)) * prime
			h ^= h >> 32
		}
		var last uint64
		for _, c := range p {
			last = last<<8 | uint64(c)
		}
		h = (h ^ last) * prime
		h ^= h >> 32
	}
	return max(h, 1)
}

// SessionID is the Event.Session of a session whose id a server tells, so that
// its log lines and what it tells by other ways are of one session.
func SessionID(id []byte) uint64 { return hash(id) }
