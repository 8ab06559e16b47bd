package lab

import (
	"fmt"
	"slices"
	"strings"
)

// capabilities are in the order of their numbers (linux/capability.h).
var capabilities = strings.Fields(`
	CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID
	CAP_SETPCAP CAP_LINUX_IMMUTABLE CAP_NET_BIND_SERVICE CAP_NET_BROADCAST CAP_NET_ADMIN CAP_NET_RAW
	CAP_IPC_LOCK CAP_IPC_OWNER CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_CHROOT CAP_SYS_PTRACE CAP_SYS_PACCT
	CAP_SYS_ADMIN CAP_SYS_BOOT CAP_SYS_NICE CAP_SYS_RESOURCE CAP_SYS_TIME CAP_SYS_TTY_CONFIG CAP_MKNOD
	CAP_LEASE CAP_AUDIT_WRITE CAP_AUDIT_CONTROL CAP_SETFCAP CAP_MAC_OVERRIDE CAP_MAC_ADMIN CAP_SYSLOG
	CAP_WAKE_ALARM CAP_BLOCK_SUSPEND CAP_AUDIT_READ CAP_PERFMON CAP_BPF CAP_CHECKPOINT_RESTORE`)

func capability(name string) (int, error) {
	n := slices.Index(capabilities, name)
	if n < 0 {
		return 0, fmt.Errorf("no capability is called %q", name)
	}
	return n, nil
}

// unitCapabilities reads from the unit that smtpbl prints what it may have.
func (l *Lab) unitCapabilities() ([]string, error) {
	unit, err := l.Smtpbl("unit")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(unit) {
		if list, ok := strings.CutPrefix(strings.TrimSpace(line), "CapabilityBoundingSet="); ok {
			return strings.Fields(list), nil
		}
	}
	return nil, fmt.Errorf("the unit names no CapabilityBoundingSet:\n%s", unit)
}
