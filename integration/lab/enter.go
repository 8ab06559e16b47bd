package lab

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The program runs three times: outside, where it only waits; as the first
// process of the namespaces, which prepares the root and reaps; and inside.
const (
	stageVar    = "SMTPBL_LAB_STAGE"
	stageInit   = "init"
	stageInside = "inside"
)

// exitUnavailable is how the first process says that it never got as far as
// starting the program inside; its reason is on the pipe.
const exitUnavailable = 112

// reasonFD is where the first process writes that reason.
const reasonFD = 3

// Enter moves the program into a laboratory. It must be called first thing,
// because it starts the program again: it returns inside only, with the
// laboratory, or outside with an error, which wraps ErrUnavailable where it
// is the machine's fault and not the project's. When the program inside ends, the one outside ends with the same exit status.
func Enter(o Options) (*Lab, error) {
	switch os.Getenv(stageVar) {
	case stageInit:
		os.Exit(initMain(&o))
	case stageInside:
		return inside(&o)
	case stageConfined:
		fmt.Fprintln(os.Stderr, confinedMain()) // comes back only if it failed
		os.Exit(exitUnavailable)
	}
	code, err := outside(&o)
	if err != nil {
		return nil, err
	}
	os.Exit(code)
	panic("unreachable")
}

// outside starts the program in its namespaces and returns its exit status.
func outside(o *Options) (int, error) {
	if os.Geteuid() != 0 {
		return 0, unavailable("namespaces and mounts need root")
	}
	// The child dies with the thread that started it (Pdeathsig), so the
	// thread must live as long as the program.
	runtime.LockOSThread()
	var binary string
	if o.program() {
		built, remove, err := buildBinary(o)
		if err != nil {
			return 0, err
		}
		defer remove()
		binary = built
	}
	built, remove, err := buildFiles(o)
	if err != nil {
		return 0, err
	}
	defer remove()
	reasons, w, err := os.Pipe()
	if err != nil {
		return 0, unavailable("make a pipe: %w", err)
	}
	defer func() { _ = reasons.Close() }()

	cmd := again(stageInit, unix.CLONE_NEWNS|unix.CLONE_NEWPID|unix.CLONE_NEWUTS|unix.CLONE_NEWIPC)
	cmd.Env = append(cmd.Env, binaryVar+"="+binary, builtVar+"="+built)
	cmd.ExtraFiles = []*os.File{w}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	if err = cmd.Start(); err != nil {
		_ = w.Close()
		return 0, unavailable("start in new namespaces: %w", err)
	}
	_ = w.Close()
	stop := passSignals(cmd.Process)
	defer stop()
	reason, err := io.ReadAll(reasons)
	if err != nil {
		return 0, unavailable("read why: %w", err)
	}
	code, err := exitCode(cmd.Wait())
	if err == nil && code == exitUnavailable {
		return 0, unavailable("%s", bytes.TrimSpace(reason))
	}
	o.say("the laboratory is gone with all that was in it")
	if kept := cacheDir(); usable(kept) {
		o.say("fetched packages are kept in %s", kept)
	}
	return code, err
}

// again prepares a second start of this program with the same arguments.
func again(stage string, flags uintptr) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", arguments()...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), stageVar+"="+stage)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	return cmd
}

// arguments returns the program's arguments without the file in which "go
// test" wants to be told what may be cached: its folder is not visible
// inside, and what happens there must never be cached.
func arguments() []string {
	var args []string
	for _, a := range os.Args[1:] {
		if !strings.HasPrefix(a, "-test.testlogfile=") {
			args = append(args, a)
		}
	}
	return args
}

// passSignals hands the signals that ask for an end on to p, so that it can
// clean up, until stop is called.
func passSignals(p *os.Process) (stop func()) {
	c := make(chan os.Signal, 1)
	done := make(chan struct{})
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-c:
				_ = p.Signal(syscall.SIGTERM) // fails only if it has ended
			}
		}
	}()
	return func() { signal.Stop(c); close(done) }
}

func exitCode(err error) (int, error) {
	if err == nil {
		return 0, nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return exit.ExitCode(), nil
	}
	return 1, fmt.Errorf("run the laboratory: %w", err)
}
