// Package policy decides who is banned, for how long and why. It is pure: the
// time is in the events, nothing is read, written, logged or started here.
//
// # Model
//
// Events of one IPv4 address, or of one IPv6 /64, belong to one key. A key's
// failed logins of the last Config.Window are kept as entries. Their number
// leads up a ladder: to the soft step, where the mail server turns the client
// away with a text; to a ban of the mail ports, which starts the count anew;
// and, where failures come in all the same, to a ban of all ports. Each further
// ban of the key doubles the time, quiet time takes doublings back, and enough
// keys of one net that are banned at the same time ban the net.
//
// The threshold is not the same for everybody. Where one account is tried from
// many nets, or one net tries many accounts, it falls, to one at the extreme
// (see spread). Users who logged in from the same address lately may fail more
// often (see pairs). Whoever tries a honeypot's name is banned at once. While
// our own authentication backend fails nothing counts, for an hour at most (see
// outage).
//
// One failed login can be told by several lines: by the mail server, by a
// login process, by each password database, and by the mail server's summary
// at the end of the connection. Every event therefore names its Witness. A
// witness reports a failure at most once, so the number of failures is the
// largest number that any one witness reports: a report that meets an entry
// of about the same time and user which lacks its witness confirms that
// entry, any other report is an entry of its own.
//
// Where a hash of the password is told (WitnessPolicy), a password that the
// user has failed with inside the window adds no failure, and whatever else is
// told of that attempt does not count either: a phone with an old password is
// no guesser. What was counted of the attempt before the hash was told is
// taken back then, unless it has led to a decision. A line without a name may
// be about any attempt of its address at about that time, so repetitions can
// hide failures of a server that tells neither names nor hashes.
//
// A login that works forgives its user's failures, and as many as
// Config.KnownThreshold in a Window of those where no name was told, or that of
// a connection's last attempt only.
// Names are compared without regard to case. A name without a
// domain equals the same name with any domain: servers that strip or add the
// domain log both forms for one person, and a server with several domains
// logs none without. Failures of other names stay, so whoever owns one
// account cannot clear guesses at another one.
//
// # Time
//
// Time runs in whole seconds since the Engine's start, by the monotonic clock
// where both ends have its reading. An event that comes late takes its place
// by its own time and is never moved closer to others, so a ban always means
// that many failures within one Window. An event older than its key's newest
// by more than Window says that the newest was stamped wrongly: that key's
// count starts anew there.
//
// # Memory
//
// Records and entries live in pages without pointers, found by maps without
// pointers, and both are limited by Config.MaxTracked. At the limit the key
// with the fewest failures goes first: of those with one a drawn one, of others
// the one seen longest ago; only when all are offenders does one of those go,
// and then rather one whose ban has ended. So to have a key with four failures
// forgotten takes as many others with four, each of which could have guessed for
// itself. The tables of accounts, nets and logins have a fixed size in
// proportion to MaxTracked. Where something lies in them, and what cannot be
// told apart there, depends on a secret.
package policy
