package policy

// pairs remembers who logged in from where lately. It takes what memory it was
// made with and no more.
//
// All places of a user lie side by side and make room for each other, the
// oldest login first: whoever owns an account can fill only the room that it
// shares with a few others.
type pairs struct {
	rooms  [][pairWays]login // as many as a power of two
	secret uint64
	most   int64 // seconds that a login counts
}

// pairWays is how many logins share a room: those of two cache lines. Each
// login takes two, one for the address and one for its net.
const pairWays = 16

type login struct {
	tag  uint32 // 0 is none; the lowest bits are the domain's
	last second
}

// same tells whether a and b are logins of one user at one place, as
// user.same does.
func (a login) same(b login) bool {
	const domain = 1<<domainBits - 1
	d := a.tag ^ b.tag
	return d <= domain && (d == 0 || a.tag&domain == 0 || b.tag&domain == 0)
}

func newPairs(wanted int, most int64, secret uint64) pairs {
	n := 1
	for n*pairWays < wanted {
		n *= 2
	}
	return pairs{rooms: make([][pairWays]login, n), secret: secret, most: most}
}

// room returns where the logins of a user are kept. Only the local part
// decides: servers log one name with its domain and without.
func (p *pairs) room(u user) int {
	return int(mix(uint64(u>>domainBits)^p.secret) & uint64(len(p.rooms)-1))
}

func (p *pairs) tag(k key, u user) uint32 {
	h := uint32(mix(mix(uint64(k)^p.secret)+uint64(u>>domainBits))) | 1
	return h<<domainBits | uint32(u)&(1<<domainBits-1)
}

// add says that u logged in from k at at.
func (p *pairs) add(k key, u user, at second) {
	if u == 0 {
		return
	}
	p.put(&p.rooms[p.room(u)], login{p.tag(k, u), at})
}

// put adds a login to a room, in place of the oldest where there is no other.
func (p *pairs) put(room *[pairWays]login, l login) {
	oldest := 0
	for i := range room {
		if room[i].same(l) {
			room[i].tag |= l.tag                                                    // a name with a domain says more than one without
			if last := room[i].last; last < l.last || last.since(l.last) > p.most { // which was stamped wrongly
				room[i].last = l.last
			}
			return
		}
		if older(room[i], room[oldest]) {
			oldest = i
		}
	}
	room[oldest] = l
}

// older tells whether a should rather make room than b.
func older(a, b login) bool {
	if a.tag == 0 || b.tag == 0 {
		return a.tag == 0 && b.tag != 0
	}
	return a.last < b.last
}

// known tells whether u logged in from k lately.
func (p *pairs) known(k key, u user, at second) bool {
	if u == 0 || p.most == 0 {
		return false
	}
	l, room := login{tag: p.tag(k, u)}, &p.rooms[p.room(u)]
	for i := range room {
		if !room[i].same(l) {
			continue
		}
		if d := at.since(room[i].last); -p.most < d && d < p.most {
			return true
		}
	}
	return false
}
