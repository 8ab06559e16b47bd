// Package nft keeps bans in the kernel: it owns one nftables table, changes its
// sets in atomic transactions over netlink, and reads back what is enforced.
//
// # The table
//
// The table has the family inet. A base chain sends packets for the guarded
// ports to the chain smtp-blacklist, which looks the source address up: first
// in the allow sets (leave), then in one hash set for each length of prefix and
// each layer (masked source address; go to smtp-blacklist-log), then in the
// feeds (likewise). That chain logs at a limited rate and drops. Only the first
// ban of an unusual length brings a set and a rule; otherwise only elements
// change with a ban, and each carries a kernel timeout, so that it ends with or
// without us.
//
// Hash sets are used for bans even where they are prefixes, because a
// transaction that touches an interval set costs time in proportion to the
// size of that set; a hash set costs the same at any size. A feed is a list that
// is replaced whole and may hold prefixes of any length: it is an interval set.
//
// # Who may call what
//
// A [Table] writes and a [Reader] reads; a Table contains a Reader that has its
// own socket, so a reader never waits behind a bulk write of this process.
// Both may be used by several goroutines at once, and so may [Sessions], which
// end the connections that a banned address has open. They need no table.
//
// # Transactions
//
// nfnetlink handles a request inside sendmsg(2): when that call returns, the
// transaction has been committed or rolled back and all answers are queued. So
// does sock_diag, which ends connections. Therefore nothing here waits for a
// socket to become readable, except [Drops] and [Watcher], which the kernel
// sends to when it likes.
//
// # Tests
//
// A [Fake] stands for the kernel where a test needs its rules and not its
// packets, or a clock of its own.
package nft
