package main

import (
	"context"
	"errors"
	"os/exec"
	"syscall"
	"time"

	"github.com/smtpbl/smtpbl/scripts/vm-test/internal/wire"
)

// run starts the script and tells its output while it comes. The script has a
// session of its own: at its deadline all that it started there is killed, and
// what it left running in the background does not hold its end up.
func (s *server) run(id uint32, c wire.Command) {
	ctx, cancel := context.WithCancel(context.Background())
	if c.Deadline > 0 {
		ctx, cancel = context.WithTimeout(ctx, c.Deadline)
	}
	s.mu.Lock()
	s.runs[id] = cancel
	s.mu.Unlock()
	go func() {
		defer cancel()
		r := s.script(ctx, id, c.Script)
		s.mu.Lock()
		delete(s.runs, id)
		s.mu.Unlock()
		_ = s.finish(wire.Exit, id, r) // the port is broken: main sees it too
	}()
}

func (s *server) script(ctx context.Context, id uint32, script string) wire.Result {
	cmd := exec.CommandContext(ctx, "/bin/bash", "-c", script)
	cmd.Dir = "/"
	cmd.Env = []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/bash", "LC_ALL=C.UTF-8",
	}
	out := &outputWriter{s: s, id: id}
	cmd.Stdout, cmd.Stderr = out, out // the same writer, so one pipe and the true order
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if cmd.ProcessState == nil {
		return wire.Result{Code: -1, Error: err.Error()}
	}
	r := wire.Result{Code: cmd.ProcessState.ExitCode(), Late: errors.Is(ctx.Err(), context.DeadlineExceeded)}
	if w, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		r.Code = 128 + int(w.Signal())
	}
	return r
}

// outputWriter cuts what a command prints into frames.
type outputWriter struct {
	s  *server
	id uint32
}

func (o *outputWriter) Write(b []byte) (int, error) {
	for done := 0; done < len(b); {
		n := min(len(b)-done, wire.MaxPayload)
		if err := o.s.send(wire.Frame{Kind: wire.Output, ID: o.id, Payload: b[done : done+n]}); err != nil {
			return done, err
		}
		done += n
	}
	return len(b), nil
}
