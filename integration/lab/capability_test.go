package lab

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestCapabilityNumbers(t *testing.T) {
	if got, want := len(capabilities), unix.CAP_LAST_CAP+1; got != want {
		t.Errorf("%d capabilities are named, %d are known", got, want)
	}
	for name, want := range map[string]int{
		"CAP_CHOWN": unix.CAP_CHOWN, "CAP_DAC_READ_SEARCH": unix.CAP_DAC_READ_SEARCH,
		"CAP_NET_ADMIN": unix.CAP_NET_ADMIN, "CAP_SYS_ADMIN": unix.CAP_SYS_ADMIN,
		"CAP_SYSLOG": unix.CAP_SYSLOG, "CAP_CHECKPOINT_RESTORE": unix.CAP_CHECKPOINT_RESTORE,
	} {
		got, err := capability(name)
		if err != nil || got != want {
			t.Errorf("capability(%q) = %d, %v, want %d", name, got, err, want)
		}
	}
	if _, err := capability("CAP_NOTHING"); err == nil {
		t.Error("a capability that does not exist has a number")
	}
}
