package policy

// entry is one failed login, or one that the mail server's summary will count
// although it is none. It rests in a record or a chunk as packed.
type entry struct {
	at      second
	user    user
	session uint32 // the mail server's, 0 where it has not reported
	witness Witness
	flags   entryFlags
}

type entryFlags uint16

const (
	// void entries do not count: forgiven, excused, or spent on a decision.
	// They are kept to be recognised in their session's summary.
	void entryFlags = 1 << iota
	// closed entries have been part of a summary. A process id comes back, so
	// another summary of the same session is about other failures.
	closed

	allEntryFlags = void | closed
)

// packed is an entry in twelve bytes: the time, and from the highest bit on
// the user, the session, the witness and the flags.
type packed struct {
	at   second
	rest [2]uint32 // the upper half first; a uint64 would round up to sixteen
}

const (
	flagBits    = 2
	witnessBits = 16
)

// The four fill 64 bits: a negative array length would not compile.
var _ [64 - userBits - sessionBits - witnessBits - flagBits]struct{}

func (x *entry) pack() packed {
	v := uint64(x.user)<<sessionBits | uint64(x.session)
	v = v<<(witnessBits+flagBits) | uint64(x.witness)<<flagBits | uint64(x.flags)
	return packed{x.at, [2]uint32{uint32(v >> 32), uint32(v)}}
}

func (p packed) unpack() entry {
	v := uint64(p.rest[0])<<32 | uint64(p.rest[1])
	return entry{
		at: p.at, user: user(v >> (64 - userBits)),
		session: uint32(v>>(witnessBits+flagBits)) & (1<<sessionBits - 1),
		witness: Witness(v >> flagBits), flags: entryFlags(v) & allEntryFlags,
	}
}

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
	refused    second // when sparing it was last told
	n          uint16 // entries; for a net, hosts in its list
	rank       uint8  // bans so far, up to 255
	flags      recordFlags
	own        [ownLen]packed // the oldest entries
}

type recordFlags uint8

const (
	kindMask recordFlags = 1<<2 - 1
	// member of its net's list of banned hosts.
	member recordFlags = 1 << (iota + 1)
	// held by hand, or found in the kernel.
	held
	// offending records are in the list of those that go last.
	offending
)

func (r *record) kind() kind { return kind(r.flags & kindMask) }

func (r *record) banned(at second) bool { return r.ends > at }

// chunk holds entries beyond a record's own.
type chunk struct {
	entries [chunkLen]packed
	next    uint32
}

const (
	ownLen   = 2
	chunkLen = 3
)
