package nft

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/nft/internal/nettest"
)

// lacks tells whether the kernel is too old for a feature that came with a
// version of Linux. A feature that is missing from that version on is a failure:
// it means that the probe is wrong.
func lacks(t testing.TB, has bool, major, minor int) bool {
	t.Helper()
	if has {
		return false
	}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatalf("uname: %v", err)
	}
	release := unix.ByteSliceToString(name.Release[:])
	var haveMajor, haveMinor int
	if _, err := fmt.Sscanf(release, "%d.%d", &haveMajor, &haveMinor); err != nil {
		t.Fatalf("read version of Linux %s: %v", release, err)
	}
	if haveMajor > major || haveMajor == major && haveMinor >= minor {
		t.Fatalf("Linux %s does not have what came with %d.%d", release, major, minor)
	}
	return true
}

// growsSets tells whether the kernel takes over another size of a set that
// stands.
func growsSets(t testing.TB) bool {
	t.Helper()
	const table, larger = "growth", 20
	probe := open(t, nettest.New(t), testConfig())
	for _, size := range []uint32{10, larger} {
		b := newBatch(nil)
		b.table(table, 0)
		b.set(table, banSpec(kind{bits: 32}, size, false))
		if err := probe.sock.commit(b); err != nil {
			t.Fatalf("declare a set of size %d: %v", size, err)
		}
	}
	f, err := probe.sock.find(table)
	if err != nil {
		t.Fatal(err)
	}
	return f.sets["ban4"].spec.size == larger
}

// lacking is what this kernel lacks. TestFeatures holds it against its version.
func lacking(t testing.TB) fakeLacks {
	t.Helper()
	f := open(t, nettest.New(t), testConfig()).Features()
	return fakeLacks{
		owner: !f.Owner, destroy: !f.Destroy, growth: lacks(t, growsSets(t), 6, 5),
		protect: !f.Protect, update: !f.TimeoutUpdate, count: !f.SetCount,
	}
}

// ways are those in which a ban can be lifted here, by value of Features.Destroy:
// what kernels below 6.3 need works on all.
func ways(t testing.TB) []bool {
	t.Helper()
	if lacks(t, open(t, nettest.New(t), testConfig()).kernel.Destroy, 6, 3) {
		return []bool{false}
	}
	return []bool{true, false}
}
