package policy

// entry is one failed login, or one that the mail server's summary will count
// although it is none. It rests in a record or a chunk as packed.
type entry struct {
	at       second
	user     user
	session  uint16 // the mail server's, 0 where it has not reported
	witness  Witness
	password password // 0 where none was told, or where it no longer matters
	flags    entryFlags
}

type entryFlags uint8

const (
	// void entries do not count: forgiven, excused, or spent on a decision.
	// They are kept to be recognised in their session's summary. One that has
	// a password, and that is not vague, is void because it repeats the password
	// of an entry that counts; it is kept for all that may still be told of it.
	void entryFlags = 1 << iota
	// closed entries have been part of a summary. A process id comes back, so
	// another summary of the same session is about other failures.
	closed

	allEntryFlags = void | closed
)

// packed is an entry in twelve bytes: the witness and the session, then from
// the highest bit on the age, the user, the password and the flags. The age is
// that at the record's newest event: nothing is kept for so long that it does
// not fit.
type packed [3]uint32

const (
	flagBits    = 2
	sessionBits = 16
	ageBits     = 64 - userBits - passwordBits - flagBits
	maxAge      = 1<<ageBits - 1 // seconds
)

// pack writes x into p. It and unpack write each field where it belongs: a
// value made of small fields elsewhere and then copied as a whole would wait
// until the processor has put them together.
func (x *entry) pack(p *packed, newest second) {
	age := min(max(newest.since(x.at), 0), maxAge)
	v := uint64(age)<<userBits | uint64(x.user)
	v = v<<(passwordBits+flagBits) | uint64(x.password)<<flagBits | uint64(x.flags)
	p[0], p[1], p[2] = uint32(x.witness)<<sessionBits|uint32(x.session), uint32(v>>32), uint32(v)
}

// unpack writes p into x.
func (p *packed) unpack(x *entry, newest second) {
	v := uint64(p[1])<<32 | uint64(p[2])
	x.at = clamp(int64(newest) - int64(v>>(64-ageBits)))
	x.witness, x.session = Witness(p[0]>>sessionBits), uint16(p[0])
	x.user = user(v>>(passwordBits+flagBits)) & (1<<userBits - 1)
	x.password = password(v>>flagBits) & (1<<passwordBits - 1)
	x.flags = entryFlags(v) & allEntryFlags
}

// guess is 1 for what is not void, else 0.
func (p *packed) guess() int { return int(^entryFlags(p[2]) & void) }

// vague stands in place of a password. An entry that counts has it where its user
// is that of the connection's last attempt, and it may be of another one. A void
// one was forgiven although nobody knows whose it was, of which there may be so many
// in a window.
const vague password = 1<<passwordBits - 1

// repeats tells whether x is a failure that is none because the same password
// failed before.
func (x *entry) repeats() bool {
	return x.flags&void != 0 && x.password != 0 && x.password != vague
}

// told is the user whose failure x is for sure, 0 where that is not known.
func (x *entry) told() user {
	if x.password == vague {
		return 0
	}
	return x.user
}

// clear voids x for good: what it stood for was forgiven or led to a decision.
func (x *entry) clear() {
	x.flags |= void
	x.password = 0
}

// lost tells whether nothing asks for x any more, where x does not count: only
// the mail server's own reports are part of a summary.
func (x *entry) lost() bool { return x.flags&void != 0 && x.password == 0 && x.witness&WitnessMTA == 0 }

// ofAbuse is the witness of an entry that is no failed login. With every bit
// set, no report of a login is taken for another report of it.
const ofAbuse = ^Witness(0)

// authOnly tells whether nobody but password databases has reported x.
func (x *entry) authOnly() bool {
	return x.witness >= WitnessAuth && x.witness&(WitnessMTA|WitnessLogin|WitnessPAM|WitnessPolicy) == 0
}

// record is what is known of one key. For a net, first leads the list of its
// banned hosts; for others it leads the entries beyond those held inline. It is one cache
// line.
type record struct {
	key        key
	prev, next uint32 // the list by age that the record is in
	first      uint32
	sibling    uint32 // next banned host of the same net
	newest     second // the newest event's time
	ends       second // of the last ban; never where there was none
	// mark is when sparing it was last told, for those that are spared. For
	// others it is when the ban of all ports ends, or else the soft step; or,
	// with a ban of an earlier run, the time of the failure that led to it.
	mark  second
	n     uint16 // entries; for a net, hosts in its list
	rank  uint8  // bans so far, up to 255
	flags recordFlags
	own   [ownLen]packed // the oldest entries
}

type recordFlags uint8

const (
	kindMask recordFlags = 1<<2 - 1
	// member of its net's list of banned hosts.
	member recordFlags = 1 << (iota + 1)
	// offending records are in the list of those that go last.
	offending
	// everywhere: there is a ban of all ports beside that of the mail ports.
	everywhere

	// class is the number of the list that the record is in, shifted.
	classShift             = 5
	classMask  recordFlags = 3 << classShift

	// early: fewer failures than its threshold led to the last ban.
	early recordFlags = 1 << 7
)

func (r *record) kind() kind { return kind(r.flags & kindMask) }

func (r *record) banned(at second) bool { return r.ends > at }

// soft tells whether r, which is no net and not spared, is at the soft step.
func (r *record) soft(at second) bool { return r.mark > at && r.kind() == ofHost }

// shut tells whether r is banned at all ports.
func (r *record) shut(at second) bool { return r.flags&everywhere != 0 && r.mark > at }

func (r *record) class() int { return int(r.flags & classMask >> classShift) }

// chunk holds entries beyond a record's own.
type chunk struct {
	entries [chunkLen]packed
	next    uint32
}

const (
	ownLen   = 2
	chunkLen = 3
)
