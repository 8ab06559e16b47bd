package policy

// user is a hash of a login name: the local part's in 16 bits and below them
// the domain's in 9, 0 where there is none. The zero user is no name. Two
// names of one hash matter only where one address tries both within a
// pairWindow and each is reported by another witness alone: then two failures
// count as one. It goes to disk, so it must never depend on a seed.
type user uint32

const (
	localBits  = 16
	domainBits = 9
	userBits   = localBits + domainBits
)

// userOf hashes name without regard to the case of ASCII letters.
func userOf(name []byte) user {
	if len(name) == 0 {
		return 0
	}
	const offset, prime = 2166136261, 16777619 // FNV-1a, RFC 9923
	h, local := uint32(offset), uint32(0)
	for _, c := range name {
		if c == '@' && local == 0 {
			local, h = fold(h, localBits), offset
			continue
		}
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		h = (h ^ uint32(c)) * prime
	}
	if local == 0 {
		return user(fold(h, localBits) << domainBits)
	}
	if h == offset { // "name@" has no domain
		return user(local << domainBits)
	}
	return user(local<<domainBits | fold(h, domainBits))
}

// fold shortens h to bits without making it 0.
func fold(h uint32, bits int) uint32 {
	return max((h>>bits^h)&(1<<bits-1), 1)
}

// same tells whether u and o are one person: equal, or of equal local part
// where one of them has no domain. No name is nobody.
func (u user) same(o user) bool {
	if u == 0 || o == 0 || u>>domainBits != o>>domainBits {
		return false
	}
	du, do := u&(1<<domainBits-1), o&(1<<domainBits-1)
	return du == do || du == 0 || do == 0
}

// may tells whether u and o may be one person: same, or one is not told.
func (u user) may(o user) bool { return u == 0 || o == 0 || u.same(o) }

// foldSession shortens a session's identity to what tells apart the sessions
// of one address in one hour; 0 stays 0, the unknown session.
func foldSession(s uint64) uint16 {
	if s == 0 {
		return 0
	}
	return uint16(fold(uint32(s>>32)^uint32(s), sessionBits))
}

// password is what an entry keeps of Event.Password: the twelve bits that
// Dovecot tells of its hash unless told otherwise (auth_policy_hash_truncate).
type password uint16

const passwordBits = 12

// foldPassword shortens p; 0 stays 0, the unknown password.
func foldPassword(p uint32) password {
	if p == 0 {
		return 0
	}
	return password(fold(fold(p, 2*passwordBits), passwordBits))
}
