// Package nstest gives a test a network namespace of its own, so that tests
// change a real kernel's tables and never those of the machine.
package nstest

import (
	"fmt"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// Enter moves the calling test into a fresh network namespace for the rest of
// its life. The test's thread is locked and ends with it, and the namespace
// with the last socket. Where namespaces cannot be made the test is skipped,
// or fails if SMTPBL_REQUIRE_NETNS is 1.
func Enter(t testing.TB) {
	t.Helper()
	runtime.LockOSThread() // never unlocked: the thread must not be used again
	err := unix.Unshare(unix.CLONE_NEWNET)
	if err == nil {
		return
	}
	Lacks(t, fmt.Sprintf("a network namespace cannot be made (run as root): %v", err))
}

// Lacks skips a test that lacks rights or what the kernel must have, or fails it
// if SMTPBL_REQUIRE_NETNS is 1.
func Lacks(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("SMTPBL_REQUIRE_NETNS") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// LoopbackUp brings up the loopback interface of the calling thread's
// namespace, which is down in a fresh one.
func LoopbackUp(t testing.TB) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd) //nolint:errcheck // it only carried one request
	lo, err := unix.NewIfreq("lo")
	if err == nil {
		lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
		err = unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo) // netdevice(7)
	}
	if err != nil {
		t.Fatal(err)
	}
}
