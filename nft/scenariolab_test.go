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
	table  *Table
	cfg    Config
	// destroy is false to do without the feature, as on kernels below 6.3.
	destroy bool
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
	eventually(s.t, 5*time.Second, fmt.Sprintf("a packet from %s arrives or is dropped", src), func() bool {
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

// fakeSide is a Fake on the same clock.
func fakeSide(t *testing.T) *side {
	t.Helper()
	f := NewFake(time.Now)
	return &side{t: t, name: "fake", opts: []Option{WithFake(f)}, passes: f.Verdict}
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

// several is the most that is told of transactions of one step.
const several = 3

// outcome is all that a step lets its caller see.
type outcome struct {
	Err   []string // what errors.Is finds in the error
	Bans  []Ban
	Value any
	// Generation is by how much the step raised the number, several at most.
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
	// Into how many pieces a large call is cut depends on the kernel's pace.
	got.Generation = min(after-before, several)
	slices.SortFunc(got.Bans, func(a, b Ban) int {
		return strings.Compare(a.Key().Set()+a.Prefix.String(), b.Key().Set()+b.Prefix.String())
	})
	return got
}

// agree runs a step on both sides and compares what they say.
func agree(t *testing.T, st step, kernel, fake *side) bool {
	t.Helper()
	want, got := st.run(kernel), st.run(fake)
	diff := cmp.Diff(want, got,
		cmpopts.EquateComparable(netip.Prefix{}, netip.Addr{}), cmpopts.EquateEmpty(), cmp.Comparer(alike))
	if diff != "" {
		t.Errorf("%s (-kernel +fake):\n%s", st.name, diff)
	}
	return diff == ""
}

// alike compares times: the two sides do a step one after the other, and only
// the kernel rounds down to ticks. On a busy machine seconds can pass between the
// two, which matters for short times only.
func alike(a, b time.Duration) bool {
	slack := 250 * time.Millisecond
	if min(a, b) > 30*time.Second {
		slack = 10 * time.Second
	}
	return (a - b).Abs() <= slack
}
