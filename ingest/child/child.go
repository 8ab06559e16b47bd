// Package child starts the few programs that the service uses, without the
// capabilities that it has itself.
package child

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// Start is cmd.Start for a program that needs no right beyond those of its user.
// A service that is not root has its capabilities as ambient ones, which every
// program inherits that it starts (capabilities(7)). They belong to a thread, so
// that of this one alone they are taken, and given back afterwards.
func Start(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		had, err := ambient()
		if err == nil {
			err = set(unix.PR_CAP_AMBIENT_CLEAR_ALL, 0)
		}
		if err == nil {
			err = cmd.Start()
		}
		done <- err
		for _, c := range had {
			if set(unix.PR_CAP_AMBIENT_RAISE, c) != nil {
				return // and the thread ends too: it would start others without
			}
		}
		runtime.UnlockOSThread()
	}()
	return <-done
}

// ambient returns the ambient capabilities of this thread.
func ambient() ([]uintptr, error) {
	var had []uintptr
	for c := range uintptr(unix.CAP_LAST_CAP + 1) {
		is, err := unix.PrctlRetInt(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_IS_SET, c, 0, 0)
		if errors.Is(err, unix.EINVAL) {
			break // this kernel does not know the newest ones
		}
		if err != nil {
			return nil, fmt.Errorf("look at the ambient capabilities: %w", err)
		}
		if is == 1 {
			had = append(had, c)
		}
	}
	return had, nil
}

func set(what int, capability uintptr) error {
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, uintptr(what), capability, 0, 0); err != nil {
		return fmt.Errorf("change the ambient capabilities: %w", err)
	}
	return nil
}
