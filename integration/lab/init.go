package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// initMain is the first process of the namespaces: it prepares the root, runs
// the program inside and reaps what is orphaned until that ends. When it
// returns, the kernel kills whatever is left.
func initMain(o *Options) int {
	reasons := os.NewFile(reasonFD, "reasons")
	unix.CloseOnExec(reasonFD)
	cmd, err := prepare(o)
	if err != nil {
		_, _ = fmt.Fprintln(reasons, err)
		return exitUnavailable
	}
	_ = reasons.Close()
	stop := passSignals(cmd.Process)
	defer stop()
	return reap(cmd.Process.Pid)
}

// prepare makes the root, installs the packages and starts the program.
func prepare(o *Options) (*exec.Cmd, error) {
	if err := unix.Sethostname([]byte(HostName)); err != nil {
		return nil, fmt.Errorf("set the host name: %w", err)
	}
	cache := openCache()
	defer cache.close()
	if err := enterRoot(cache); err != nil {
		return nil, err
	}
	if err := installPackages(o); err != nil {
		return nil, err
	}
	if err := cache.leave(); err != nil {
		return nil, err
	}
	cmd := again(stageInside, unix.CLONE_NEWNET)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start inside: %w", err)
	}
	return cmd, nil
}

// reap waits for every child and returns the exit status of process pid.
func reap(pid int) int {
	for {
		var status unix.WaitStatus
		got, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 1
		case got == pid && status.Signaled():
			return 128 + int(status.Signal())
		case got == pid:
			return status.ExitStatus()
		}
	}
}
