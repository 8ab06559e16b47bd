package policy

import (
	"slices"
	"time"
)

// sessionAge is how long a failure is kept to be recognised in the summary of
// its connection; process ids come back later than that.
const sessionAge = time.Hour

// repeatAge is how long a failure that repeats a password is kept for what
// other witnesses tell of it, where no summary is to come. Dovecot's login
// process tells the failures of a connection when that ends, after three
// minutes at the latest (CLIENT_LOGIN_TIMEOUT_MSECS, client-common.h).
const repeatAge = 3*time.Minute + pairWindow

// load returns r's entries by time. They live in the Engine's scratch space
// until the next load.
func (e *Engine) load(r *record) []entry {
	x := e.scratch[:0]
	x = unpack(x, r.own[:min(int(r.n), ownLen)], r.newest)
	for i := r.first; i != 0; {
		c := e.chunks.at(i)
		x = unpack(x, c.entries[:min(int(r.n)-len(x), chunkLen)], r.newest)
		i = c.next
	}
	e.scratch = x
	return x
}

// unpack appends p to x.
func unpack(x []entry, p []packed, newest second) []entry {
	n := len(x)
	x = slices.Grow(x, len(p))[:n+len(p)]
	for i := range p {
		p[i].unpack(&x[n+i], newest)
	}
	return x
}

// pack writes as many of x as p holds, and returns the rest.
func pack(p []packed, x []entry, newest second) []entry {
	n := min(len(p), len(x))
	for i := range n {
		x[i].pack(&p[i], newest)
	}
	return x[n:]
}

// save writes x as the entries of record i, trimmed where there are too many.
func (e *Engine) save(i uint32, x []entry) {
	x = e.trim(x)
	r := e.records.at(i)
	r.n = uint16(len(x))
	link := &r.first
	x = pack(r.own[:], x, r.newest)
	for len(x) > 0 {
		if *link == 0 {
			*link = e.addChunk(i)
		}
		c := e.chunks.at(*link)
		x = pack(c.entries[:], x, r.newest)
		link = &c.next
	}
	e.freeChunks(*link)
	*link = 0
}

// trim drops the oldest entries beyond the limit, those that do not count
// first: else forgiven failures of one's own account could push out others, or what
// was forgiven of others'.
func (e *Engine) trim(x []entry) []entry {
	extra := len(x) - e.cfg.kept()
	if extra <= 0 {
		return x
	}
	x = slices.DeleteFunc(x, func(f entry) bool {
		if extra == 0 || e.counts(&f) || f.password == vague {
			return false
		}
		extra--
		return true
	})
	return slices.Delete(x, 0, extra)
}

// addChunk returns a new chunk for record i, at the limit at the cost of
// other records.
func (e *Engine) addChunk(i uint32) uint32 {
	for e.chunks.len() >= e.cfg.MaxTracked && e.evict(i) {
	}
	return e.chunks.add()
}

func (e *Engine) freeChunks(i uint32) {
	for i != 0 {
		next := e.chunks.at(i).next
		e.chunks.remove(i)
		i = next
	}
}

// prune drops entries that neither count nor can be part of a summary.
func (e *Engine) prune(x []entry, newest second) []entry {
	n := 0
	for i := range x {
		if e.stale(&x[i], newest.since(x[i].at)) {
			continue
		}
		if n < i {
			x[n] = x[i]
		}
		n++
	}
	return x[:n]
}

// stale tells whether f, age seconds old, neither counts nor can be part of a
// summary.
func (e *Engine) stale(f *entry, age int64) bool {
	if age < min(e.window, seconds(sessionAge), seconds(repeatAge)) {
		return false
	}
	return age >= max(e.window, seconds(sessionAge)) ||
		age >= e.window && (f.session == 0 || f.flags&closed != 0) ||
		age >= seconds(sessionAge) && f.flags&void != 0 && f.password != vague ||
		age >= seconds(repeatAge) && f.repeats() && (f.session == 0 || f.flags&closed != 0)
}

// insert puts f in its place by time.
func insert(x []entry, f entry) []entry {
	i := len(x)
	for i > 0 && x[i-1].at > f.at {
		i--
	}
	return slices.Insert(x, i, f)
}

// tally is what the entries of a key come to.
type tally struct {
	n           int // failures that count
	strange     int // of them, those of users who are not known at the address
	weighed     int // with no more of each known user than ban a stranger
	persistent  int // of the known user with the most
	first, last second
}

// count adds up the entries that count.
func (e *Engine) count(x []entry, newest second) (t tally) {
	for i := range x {
		f := &x[i]
		if !e.counts(f) || newest.since(f.at) >= e.window || e.awaits(f, newest) {
			continue
		}
		if t.n == 0 {
			t.first = f.at
		}
		t.last = f.at
		t.n++
	}
	t.strange, t.weighed = t.n, t.n
	return t
}

// abuses returns how many of the entries that count are no failed login.
func (e *Engine) abuses(x []entry) int {
	n := 0
	for i := range x {
		if x[i].witness == ofAbuse && e.counts(&x[i]) {
			n++
		}
	}
	return n
}

// counts tells whether f is a failure that a reliable witness reported.
func (e *Engine) counts(f *entry) bool {
	return f.flags&void == 0 && f.witness&^e.unreliable != 0
}

// reportDelay is how long the report of the auth policy protocol may come after
// the line of a password database. Dovecot writes the line first, and gives up
// the report after 2 s (auth_policy_server_timeout_msecs).
const reportDelay = 5 * time.Second

// reportsGo is how long after a report others are waited for.
const reportsGo = 24 * time.Hour

// awaits tells whether f is too fresh to count: only a password database told of
// it, and whether it repeats a password is still to be reported.
func (e *Engine) awaits(f *entry, newest second) bool {
	return e.reported != never && f.authOnly() && newest.since(f.at) < seconds(reportDelay) &&
		newest.since(e.reported) < seconds(reportsGo)
}

// spend voids all entries: they led to a decision or were pardoned, and
// only their session's summary may still ask for them.
func spend(x []entry) []entry {
	for i := range x {
		x[i].clear()
	}
	return slices.DeleteFunc(x, func(f entry) bool { return f.lost() })
}
