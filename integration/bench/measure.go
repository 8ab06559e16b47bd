package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lastCore returns the highest core that this process may use: interrupts
// tend to go to the lowest.
func lastCore() (int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return 0, fmt.Errorf("ask which cores may be used: %w", err)
	}
	for core := 64*len(set) - 1; core >= 0; core-- {
		if set.IsSet(core) {
			return core, nil
		}
	}
	return 0, errors.New("no core may be used")
}

// measure runs a contender with its output in the file output.
func (r *race) measure(ctx context.Context, c *contender, log, output string) (measured, error) {
	out, err := os.Create(output)
	if err != nil {
		return measured{}, fmt.Errorf("make a file for its output: %w", err)
	}
	defer func() { _ = out.Close() }()
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	if c.input {
		in, err := os.Open(log)
		if err != nil {
			return measured{}, fmt.Errorf("open the log: %w", err)
		}
		defer func() { _ = in.Close() }()
		cmd.Stdin = in
	} else {
		cmd.Args = append(append(cmd.Args, log), c.after...)
	}
	var diag strings.Builder
	cmd.Stdout, cmd.Stderr = out, &diag
	// The shell's tools are fastest in this locale, and cron runs in it.
	cmd.Env = append(append(os.Environ(), "LC_ALL=C"), c.env...)
	began := time.Now()
	err = r.startPinned(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return measured{}, fmt.Errorf("%w\n%s", err, diag.String())
	}
	return asMeasured(time.Since(began), cmd.ProcessState), nil
}

func asMeasured(wall time.Duration, s *os.ProcessState) measured {
	m := measured{wall: wall, cpu: s.UserTime() + s.SystemTime()}
	if u, ok := s.SysUsage().(*syscall.Rusage); ok {
		m.rssKiB = u.Maxrss
	}
	return m
}

// startPinned starts cmd on the race's core. A process inherits the cores of
// the thread that forks it, and so do all its own children. The thread is
// never used for anything else: it ends with its goroutine, locked.
func (r *race) startPinned(cmd *exec.Cmd) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		var set unix.CPUSet
		set.Set(r.core)
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			done <- fmt.Errorf("pin to core %d: %w", r.core, err)
			return
		}
		done <- cmd.Start()
	}()
	return <-done
}
