package nft

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

// side is one of the two kernels that a scenario runs on, and the table that the
// scenario works with.
type side struct {
	t      *testing.T
	name   string
	opts   []Option // how to reach that kernel
	passes func(src netip.Addr, port uint16) bool
	// clock is nil where time passes by itself.
	clock *time.Time
	table *Table
	cfg   Config
	// destroy is false to do without the feature, as on kernels below 6.3.
	destroy bool
	fake    *Fake // nil on the kernel's side
}

// visitors are the addresses that packets come from.
var visitors = []string{
	"192.0.2.10", "192.0.2.11", "192.0.3.77", "192.0.4.77", "192.0.5.33", "192.0.5.64",
	"2001:db8:1::5", "2001:db8:1::6", "2001:db8:1:1::5", "2001:db8:2:9::5", "2001:db8:4::5",
}

// kernelSide is this machine's kernel in a new namespace.
func kernelSide(t *testing.T) *side {
	t.Helper()
	l := connected(t, visitors...)
	receiver := l.server.Receiver(t)
	s := &side{t: t, name: "kernel", opts: []Option{WithNetNS(l.server.FD())}}
	s.passes = func(src netip.Addr, port uint16) bool { return s.judged(l, receiver, src, port) }
	return s
}

// judged sends a packet and waits until it has either arrived or been dropped.
func (s *side) judged(l *lab, receiver *nettest.Receiver, src netip.Addr, port uint16) bool {
	s.t.Helper()
	before, passed := s.dropped(), false
	receiver.Received(s.t, src, port)
	if err := l.client.Sender(s.t, src, l.to(src, port)).Send(); err != nil {
		s.t.Fatal(err)
	}
	s.await(fmt.Sprintf("a packet from %s arrives or is dropped", src), func() bool {
		passed = passed || receiver.Received(s.t, src, port)
		return passed || s.dropped() > before
	})
	return passed
}

// dropped is how many packets the table has dropped; a table that is gone drops
// none.
func (s *side) dropped() uint64 {
	s.t.Helper()
	c, err := s.table.Counters()
	if err != nil && !errors.Is(err, ErrTableGone) {
		s.t.Fatal(err)
	}
	return c.Logged.Packets + c.LogLimited.Packets
}

// fakeSide is a Fake whose clock stands still during a step.
func fakeSide(t *testing.T) *side {
	t.Helper()
	clock := ticks(t)
	f := NewFake(func() time.Time { return clock })
	return &side{t: t, name: "fake", opts: []Option{WithFake(f)}, passes: f.Verdict, clock: &clock, fake: f}
}

// await waits until what the kernel does on its own has happened. It leaves the
// processor to others between the looks.
func (s *side) await(what string, done func() bool) {
	s.t.Helper()
	pause := time.NewTicker(2 * time.Millisecond)
	defer pause.Stop()
	eventually(s.t, 20*time.Second, what, func() bool {
		if done() {
			return true
		}
		if s.clock != nil {
			*s.clock = s.clock.Add(time.Millisecond)
			return false
		}
		<-pause.C
		return false
	})
}

// open opens the table as another process would, and works with that one from
// then on.
func (s *side) open(cfg Config) error {
	s.t.Helper()
	table, err := Open(cfg, s.opts...)
	if err != nil {
		return err
	}
	s.t.Cleanup(func() { _ = table.Close() })
	table.kernel.Destroy = table.kernel.Destroy && s.destroy
	s.table, s.cfg = table, cfg
	return nil
}

// foreign makes a change as another program does.
func (s *side) foreign(change func(*batch)) error {
	s.t.Helper()
	sock, err := gather(s.opts).open()
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = sock.close() }()
	b := newBatch(nil)
	change(b)
	return classify(sock.commit(b))
}

// outcome is all that a step lets its caller see.
type outcome struct {
	Err   []string // what errors.Is finds in the error
	Bans  []Ban
	Value any
	// Generation is by how much the step raised the number.
	Generation uint32
}

// errorClasses are the errors that callers branch on.
var errorClasses = []error{
	ErrNoNFTables, ErrPermission, ErrOwned, ErrForeign, ErrTableGone, ErrFull, ErrPrefix, ErrConfig,
	unix.ENOENT, unix.EEXIST, unix.ENFILE, unix.EPERM, unix.EINVAL, unix.EBUSY, unix.EOPNOTSUPP,
}

func classes(err error) []string {
	if err == nil {
		return nil
	}
	names := []string{"some error"}
	for _, class := range errorClasses {
		if errors.Is(err, class) {
			name := class.Error()
			if errno, ok := class.(syscall.Errno); ok { //nolint:errorlint // a class is not wrapped
				name = unix.ErrnoName(errno)
			}
			names = append(names, name)
		}
	}
	return names
}

// step is one thing that a scenario does on each side.
type step struct {
	name string
	do   func(s *side) outcome
	// paced leaves open by how much the generation rises.
	paced bool
}

// run does a step and notes what it did to the generation.
func (st step) run(s *side) outcome {
	s.t.Helper()
	before, err := s.table.Generation()
	if err != nil {
		s.t.Fatal(err)
	}
	got := st.do(s)
	after, err := s.table.Generation()
	if err != nil {
		s.t.Fatal(err)
	}
	if !st.paced {
		got.Generation = after - before
	}
	slices.SortFunc(got.Bans, func(a, b Ban) int {
		return strings.Compare(a.Key().Set()+a.Prefix.String(), b.Key().Set()+b.Prefix.String())
	})
	return got
}

// ticks is the time since the boot as the kernel's ticks count it, by which
// elements end (include/net/netfilter/nf_tables.h, nft_set_elem_expired). Where a processor is
// kept from ticking, as an emulated one is, it lags behind time.Now.
func ticks(t *testing.T) time.Time {
	t.Helper()
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC_COARSE, &ts); err != nil {
		t.Fatal(err)
	}
	return time.Unix(ts.Unix())
}

// pair is both sides of a scenario.
type pair struct {
	kernel, fake *side
	begun, done  time.Time     // the ticks when the last step was done on the kernel
	longest      time.Duration // that a step took there
}

// compare runs a step on both sides and returns what they say differently. For
// the Fake all of it happens at the moment when the kernel had done it.
func (p *pair) compare(st step) string {
	p.begun = ticks(p.kernel.t)
	want := st.run(p.kernel)
	p.done = ticks(p.kernel.t)
	p.longest = max(p.longest, p.done.Sub(p.begun))
	if p.fake.clock.Before(p.done) {
		*p.fake.clock = p.done
	}
	got := st.run(p.fake)
	return cmp.Diff(want, got,
		cmpopts.EquateComparable(netip.Prefix{}, netip.Addr{}), cmpopts.EquateEmpty(), cmp.Comparer(p.alike))
}

// alike compares times: a ban was set somewhere in one step and looked at
// somewhere in another one, and only the kernel rounds down to ticks.
func (p *pair) alike(a, b time.Duration) bool { return (a - b).Abs() <= 2*(p.longest+jiffy) }
