package nft

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

// protects tells whether a table can be protected here.
func protects(t *testing.T, table *Table) bool {
	t.Helper()
	return !lacks(t, table.kernel.Protect, 6, 9)
}

// harm is what others do to a table.
var harm = map[string]func(*batch){
	"delete table": func(b *batch) { b.deleteTable("smtpbl") },
	"flush set":    func(b *batch) { b.flushSet("smtpbl", "ban4") },
	"flush chain":  func(b *batch) { b.flushChain("smtpbl", chainHook) },
}

// TestProtection tries to do harm from another socket while the owner lives,
// and again after it has gone. Without protection each harm is done, noticed and
// put right.
func TestProtection(t *testing.T) {
	t.Parallel()
	table, ns := standingTable(t, testConfig())
	apply(t, table, ban("192.0.2.1/32", time.Hour))
	if !protects(t, table) {
		for name, change := range harm {
			testHeals(t, table, ns, name, change)
		}
		return
	}
	for name, change := range harm {
		if err := tryForeign(t, ns, change); !errors.Is(err, unix.EPERM) {
			t.Errorf("%s: %v, want EPERM", name, err)
		}
	}
	wantIntact(t, table, true)
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}

	reader, err := OpenReadOnly(testConfig(), WithNetNS(ns.FD()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	if bans := listed(t, reader); len(bans) != 1 {
		t.Errorf("%d bans after Close, want 1", len(bans))
	}
	foreign(t, ns, harm["delete table"])
	if _, err := reader.Bans(); !errors.Is(err, ErrTableGone) {
		t.Errorf("Bans of a deleted table: %v, want ErrTableGone", err)
	}
}

// testHeals does harm that this kernel does not prevent.
func testHeals(t *testing.T, table *Table, ns *nettest.Namespace, name string, change func(*batch)) {
	t.Helper()
	before, err := table.Generation()
	if err != nil {
		t.Fatal(err)
	}
	foreign(t, ns, change)
	if after, err := table.Generation(); err != nil || after == before {
		t.Errorf("%s: generation %d after %d (%v), want another", name, after, before, err)
	}
	if a := ensure(t, table); a.Protected {
		t.Errorf("%s: adoption %+v, want no protection", name, a)
	}
	wantIntact(t, table, true)
	apply(t, table, ban("192.0.2.1/32", time.Hour))
	if got := len(listed(t, table.Reader)); got != 1 {
		t.Errorf("%s: %d bans when all is put right, want 1", name, got)
	}
}

// TestSecondOwner cannot open a table that is held, and can read it. Without
// protection a table is nobody's, and the second one adopts it.
func TestSecondOwner(t *testing.T) {
	t.Parallel()
	table, ns := standingTable(t, testConfig())
	apply(t, table, someBans()...)
	if !protects(t, table) {
		second := open(t, ns, testConfig())
		if a := ensure(t, second); a.Outcome != Kept || a.Protected {
			t.Errorf("adoption %+v, want kept and not protected", a)
		}
		if got := len(listed(t, second.Reader)); got != len(someBans()) {
			t.Errorf("the second has %d bans, want %d", got, len(someBans()))
		}
		return
	}
	if _, err := Open(testConfig(), WithNetNS(ns.FD())); !errors.Is(err, ErrOwned) || !errors.Is(err, unix.EPERM) {
		t.Errorf("second Open: %v, want ErrOwned", err)
	}
	reader, err := OpenReadOnly(testConfig(), WithNetNS(ns.FD()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	if got := len(listed(t, reader)); got != len(someBans()) {
		t.Errorf("reader sees %d bans, want %d", got, len(someBans()))
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	next := open(t, ns, testConfig())
	if a := ensure(t, next); a.Outcome != Kept || !a.Protected {
		t.Errorf("adoption %+v, want kept and protected", a)
	}
	wantIntact(t, next, true)
}

// TestOwnedMeanwhile opens twice before anybody owns the table. Without
// protection both write, and both find what the other wrote.
func TestOwnedMeanwhile(t *testing.T) {
	t.Parallel()
	ns := nettest.New(t)
	late := open(t, ns, testConfig())
	first := open(t, ns, testConfig())
	ensure(t, first)
	if !protects(t, first) {
		ensure(t, late)
		apply(t, late, ban("192.0.2.1/32", time.Hour))
		apply(t, first, ban("192.0.2.2/32", time.Hour))
		if got := len(listed(t, late.Reader)); got != 2 {
			t.Errorf("%d bans, want those of both", got)
		}
		return
	}
	if _, err := late.Ensure(); !errors.Is(err, ErrOwned) {
		t.Errorf("Ensure: %v, want ErrOwned", err)
	}
	if err := late.Apply([]Change{ban("192.0.2.1/32", time.Hour)}); !errors.Is(err, ErrOwned) {
		t.Errorf("Apply: %v, want ErrOwned", err)
	}
}

// TestNoCapability drops all capabilities of a thread that dies with the test's
// namespace.
func TestNoCapability(t *testing.T) {
	t.Parallel()
	ns := nettest.New(t)
	var opened, read error
	err := ns.Do(func() error {
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			return err
		}
		_, opened = Open(testConfig())
		var r *Reader
		if r, read = OpenReadOnly(testConfig()); read == nil {
			_, read = r.Bans()
			read = errors.Join(read, r.Close())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{"Open": opened, "Bans": read} {
		if !errors.Is(err, ErrPermission) || !errors.Is(err, unix.EPERM) {
			t.Errorf("%s without capabilities: %v, want ErrPermission", name, err)
		}
	}
}
