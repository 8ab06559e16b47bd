package policy

// user is a hash of a login name: the local part's in 16 bits and below them
// the domain's in 9, 0 where there is none. The zero user is no name. Two
// names of one hash matter only where one address tries both: then a login of
// one forgives the other's failures, and knows the other. So that nobody can
// choose such a name, or register such a domain, the hash depends on a seed; it
// goes to disk together with the secret that the seed is made of.
type user uint32

// seed is where the hash of a name begins.
type seed uint32

func seedOf(secret uint64) seed { return seed(mix(secret) >> 32) }

const (
	localBits  = 16
	domainBits = 9
	userBits   = localBits + domainBits
)

// name is what is made of a login name: user, which is kept, and account, which
// tells accounts apart where user's few bits would not.
type name struct {
	user    user
	account uint64
}

// longestName bounds what is hashed of a login name. Servers cut names far
// shorter than that.
const longestName = 1 << 10

// nameOf hashes a login name without regard to the case of ASCII letters.
func nameOf(text []byte, s seed) name {
	if len(text) == 0 {
		return name{}
	}
	const prime = 16777619 // FNV-1a, RFC 9923
	offset := 2166136261 ^ uint32(s)
	h, local, domain := offset, uint32(0), false
	for _, c := range text[:min(len(text), longestName)] {
		if c == '@' && !domain {
			local, h, domain = h, offset, true
			continue
		}
		h = (h ^ uint32(lowerASCII(c))) * prime
	}
	if !domain {
		local, h = h, offset
	}
	n := name{user(fold(local, localBits) << domainBits), uint64(local)<<32 | uint64(h)}
	if h != offset { // "name@" has no domain
		n.user |= user(fold(h, domainBits))
	}
	return n
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
	return min(password(fold(fold(p, 2*passwordBits), passwordBits)), vague-1)
}
