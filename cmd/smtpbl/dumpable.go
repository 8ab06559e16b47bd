package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// forbidDumps keeps what the service knows, login names of people among it, out
// of core dumps and from other processes of its user (PR_SET_DUMPABLE(2const)).
// A limit of zero does not: it is not enforced where core_pattern is a pipe
// (core(5)). It holds until the next execve(2).
func forbidDumps() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("forbid core dumps: %w", err)
	}
	return nil
}
