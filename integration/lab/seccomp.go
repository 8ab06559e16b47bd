package lab

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stageConfined is the program as it puts a filter of system calls on itself and
// then becomes the service. systemd does so in the child too, since to change the
// user takes calls that the filter forbids.
const (
	stageConfined = "confined"
	callsVar      = "SMTPBL_LAB_CALLS" // the numbers that are allowed
)

// unistd has the numbers of this machine's system calls; package linux-libc-dev.
const unistd = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"

// systemCalls expands the SystemCallFilter= lines of a unit as systemd does
// (systemd.exec(5)): the first line allows, those with "~" take away, and the
// group @default is always allowed.
func systemCalls(filters []string) ([]int, error) {
	allowed := map[string]bool{}
	for i, line := range append([]string{"@default"}, filters...) {
		names, forbids := strings.CutPrefix(line, "~")
		if i == 1 && forbids {
			return nil, fmt.Errorf("the filter %q begins with what is forbidden", line)
		}
		for name := range strings.FieldsSeq(names) {
			calls, err := expandCalls(name)
			if err != nil {
				return nil, err
			}
			for _, call := range calls {
				allowed[call] = !forbids
			}
		}
	}
	text, err := os.ReadFile(unistd)
	if err != nil {
		return nil, fmt.Errorf("read the numbers of system calls: %w", err)
	}
	var out []int
	for _, m := range regexp.MustCompile(`(?m)^#define __NR_(\w+) (\d+)$`).FindAllSubmatch(text, -1) {
		if allowed[string(m[1])] {
			n, _ := strconv.Atoi(string(m[2])) // digits
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// allowedCalls are the system calls that the filter of a unit allows.
func (l *Lab) allowedCalls(filter string) ([]int, error) {
	if calls, ok := l.calls[filter]; ok {
		return calls, nil
	}
	calls, err := systemCalls(strings.Split(strings.TrimSpace(filter), "\n"))
	if err == nil {
		l.calls = map[string][]int{filter: calls}
	}
	return calls, err
}

// expandCalls asks systemd what a group holds.
func expandCalls(name string) ([]string, error) {
	if !strings.HasPrefix(name, "@") {
		return []string{name}, nil
	}
	out, err := exec.Command("systemd-analyze", "--no-pager", "syscall-filter", name).Output()
	if err != nil {
		return nil, fmt.Errorf("expand %s: %w", name, err)
	}
	var calls []string
	for line := range strings.Lines(string(out)) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		if line == "" || line == name {
			continue
		}
		inner, err := expandCalls(line)
		if err != nil {
			return nil, err
		}
		calls = append(calls, inner...)
	}
	return calls, nil
}

// confine makes cmd pass through stageConfined.
func confine(cmd *exec.Cmd, calls []int) {
	texts := make([]string, len(calls))
	for i, n := range calls {
		texts[i] = strconv.Itoa(n)
	}
	cmd.Env = append(cmd.Env, stageVar+"="+stageConfined, callsVar+"="+strings.Join(texts, " "))
	cmd.Path = "/proc/self/exe"
}

// confinedMain filters system calls and becomes the service.
func confinedMain() error {
	var calls []int
	for text := range strings.FieldsSeq(os.Getenv(callsVar)) {
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("read the system calls: %w", err)
		}
		calls = append(calls, n)
	}
	for _, v := range []string{stageVar, callsVar} {
		if err := os.Unsetenv(v); err != nil {
			return err
		}
	}
	runtime.LockOSThread()
	if err := filterCalls(calls); err != nil {
		return err
	}
	return fmt.Errorf("become the service: %w", syscall.Exec(Binary, os.Args, os.Environ()))
}

// filterCalls lets this thread and what it becomes make the system calls given;
// all others fail with EPERM, as SystemCallErrorNumber= has it (seccomp(2)).
func filterCalls(calls []int) error {
	const (
		number, arch = 0, 4 // offsets in struct seccomp_data
		load         = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal        = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		answer       = unix.BPF_RET | unix.BPF_K
		deny         = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	)
	f := make([]unix.SockFilter, 0, 5+2*len(calls))
	f = append(f,
		unix.SockFilter{Code: load, K: arch},
		unix.SockFilter{Code: equal, Jt: 1, K: unix.AUDIT_ARCH_X86_64},
		unix.SockFilter{Code: answer, K: deny},
		unix.SockFilter{Code: load, K: number})
	for _, n := range calls {
		f = append(f, unix.SockFilter{Code: equal, Jf: 1, K: uint32(n)}, unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ALLOW})
	}
	f = append(f, unix.SockFilter{Code: answer, K: deny})
	program := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
	runtime.KeepAlive(f)
	if err != nil {
		return fmt.Errorf("filter system calls: %w", err)
	}
	return nil
}
