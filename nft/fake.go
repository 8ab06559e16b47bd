package nft

import (
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Fake is the nf_tables of a kernel, in memory, for tests: a [Table] or a
// [Reader] that is opened [WithFake] works on it as on the real one, without
// rights and under any clock. It reads the same messages and answers them with
// the same errors, so that everything above the socket is the code that runs in
// production. One test suite runs on both and compares them.
//
// It has what this package uses: tables with owners, hash and interval sets,
// sizes, timeouts that are exact and elements that count until they are
// collected, transactions of which all or nothing is applied, generations,
// chains, rules and counters. It is simpler than the kernel in this:
//
//   - It behaves as Linux from 6.16 on does, whatever the machine's kernel is,
//     unless a test of this package takes away what older ones lack.
//   - Timeouts are not rounded down to ticks, and elements are collected
//     exactly at every gc-interval after the set was made; the kernel's
//     collector can be late.
//   - It knows no notifications, no rights, no limits of memory and buffers, no
//     other expressions than those in the rules of this package, and no names of
//     other families.
//   - An interval that is there already cannot be added again, and an interval
//     is deleted by its start alone.
//   - A list is complete even if the set changes meanwhile.
//
// A Fake may be used by several goroutines.
type Fake struct {
	now func() time.Time

	mu         sync.Mutex // guards all below
	tables     map[string]*fakeTable
	generation uint32
	ports      uint32 // the number that the last socket got
	refusals   int    // transactions that are to be refused with errno
	errno      unix.Errno
	lacks      fakeLacks
}

// fakeLacks is what a Fake does without, to be like a kernel older than 6.16: the
// tests that compare it with one say so.
type fakeLacks struct {
	owner   bool // 5.12
	destroy bool // 6.3
	growth  bool // 6.5: declaring a set that stands changes its size
	protect bool // 6.9
	update  bool // 6.12: adding an element that stands changes its timeout
	count   bool // 6.16
}

// NewFake makes a kernel without tables whose clock is now.
func NewFake(now func() time.Time) *Fake {
	return &Fake{now: now, tables: map[string]*fakeTable{}, generation: 1}
}

// WithFake makes the sockets belong to f instead of to the machine's kernel.
// Each Open is another process to it.
func WithFake(f *Fake) Option {
	return func(o *options) { o.fake = f }
}

// FlushRuleset does what `nft flush ruleset` of an administrator does: all
// tables are gone but those that a process owns. Only RefuseCommits makes it
// fail.
func (f *Fake) FlushRuleset() error {
	b := newBatch(nil)
	b.flushRuleset()
	return classify(f.connect().commit(b))
}

// flushRuleset appends the removal of all tables that no other process owns.
func (b *batch) flushRuleset() {
	b.message(unix.NFT_MSG_DELTABLE, 0)
	b.seal()
}

// DeleteElement does what `nft delete element` of an administrator does to one
// ban. The error is that of the kernel: ErrOwned if a process owns the table,
// ErrTableGone if the ban or its set is missing.
func (f *Fake) DeleteElement(table string, key Key) error {
	b := newBatch(nil)
	b.elements(unix.NFT_MSG_DELSETELEM, 0, table, key.Set(), []element{keyed(key.Prefix)})
	return classify(f.connect().commit(b))
}

// RefuseCommits makes the next n transactions fail with an error of the kernel
// after all their messages were found good, as they do when memory is short
// (ENOMEM). It replaces an earlier call; n = 0 ends it.
func (f *Fake) RefuseCommits(n int, errno syscall.Errno) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refusals, f.errno = n, errno
}
