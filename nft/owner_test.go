package nft

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

// protected builds a protected table, or skips the test where the kernel has
// no protection.
func protected(t *testing.T) (*Table, *nettest.Namespace) {
	t.Helper()
	table, ns := standingTable(t, testConfig())
	if lacks(t, table.kernel.Protect, 6, 9) {
		t.Skip("this kernel has no tables that outlive their owner")
	}
	return table, ns
}

// TestProtection tries to do harm from another socket while the owner lives,
// and again after it has gone.
func TestProtection(t *testing.T) {
	t.Parallel()
	table, ns := protected(t)
	apply(t, table, ban("192.0.2.1/32", time.Hour))
	harm := map[string]func(*batch){
		"delete table": func(b *batch) { b.deleteTable("smtpbl") },
		"flush set":    func(b *batch) { b.flushSet("smtpbl", "ban4") },
		"flush chain":  func(b *batch) { b.flushChain("smtpbl", chainHook) },
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

// TestSecondOwner cannot open a table that is held, and can read it.
func TestSecondOwner(t *testing.T) {
	t.Parallel()
	table, ns := protected(t)
	apply(t, table, someBans()...)
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

// TestOwnedMeanwhile opens twice before anybody owns the table.
func TestOwnedMeanwhile(t *testing.T) {
	t.Parallel()
	ns := nettest.New(t)
	late := open(t, ns, testConfig())
	first := open(t, ns, testConfig())
	if lacks(t, first.kernel.Protect, 6, 9) {
		t.Skip("this kernel has no tables that outlive their owner")
	}
	ensure(t, first)
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
