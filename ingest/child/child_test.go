package child

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const againVar = "SMTPBL_CHILD_TEST"

// TestMain is also the service: it starts grandchildren, one with Start and one
// without.
func TestMain(m *testing.M) {
	if os.Getenv(againVar) == "" {
		os.Exit(m.Run())
	}
	for _, start := range []func(*exec.Cmd) error{Start, (*exec.Cmd).Start, Start, (*exec.Cmd).Start} {
		cmd := exec.Command("grep", "^CapEff:", "/proc/self/status")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := start(cmd); err != nil {
			panic(err)
		}
		if err := cmd.Wait(); err != nil {
			panic(err)
		}
	}
}

func TestChildHasNoCapability(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give another user a capability")
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), againVar+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential:  &syscall.Credential{Uid: 1234, Gid: 1234},
		AmbientCaps: []uintptr{unix.CAP_NET_ADMIN, unix.CAP_CHOWN},
	}
	out, err := cmd.CombinedOutput()
	const without, with = "CapEff:\t0000000000000000\n", "CapEff:\t0000000000001001\n"
	if want := strings.Repeat(without+with, 2); err != nil || string(out) != want {
		t.Errorf("%v, printed\n%swant\n%s", err, out, want)
	}
}

func TestStartTellsWhatFails(t *testing.T) {
	if err := Start(exec.Command("/nowhere")); err == nil {
		t.Error("a program that does not exist was started")
	}
}
