package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The service's files, all where the defaults have them.
const (
	ConfigFile = "/etc/smtpbl/smtpbl.toml"
	StateDir   = "/var/lib/smtpbl"
	RuntimeDir = "/run/smtpbl"
)

// serviceWait is how long the service may take to start or to stop.
var serviceWait = Patience(30 * time.Second)

// Start says how to run the service.
type Start struct {
	// Config is the text of its configuration file; empty means no file.
	Config string
	// Args follow "run" on the command line.
	Args []string
	// Capabilities are all that it has, such as "CAP_NET_ADMIN"; nil means
	// those that the systemd unit lists.
	Capabilities []string
	// DropIn is what the administrator adds to the unit (systemctl edit).
	DropIn string
	// Groups are those that its user is in besides its own; nil means those that
	// the user was made with.
	Groups []string
	// Root starts it by hand: as root, with all rights, and nothing prepared.
	Root bool
	// Watchdog is how long systemd waits for a sign of life (WatchdogSec=);
	// 0 means that it does not.
	Watchdog time.Duration
}

// Service is a running "smtpbl run" on the mail server.
type Service struct {
	// Log is what it writes to standard error, Told what it tells systemd.
	Log, Told *Log

	cmd    *exec.Cmd
	notify *notifySocket
	ended  chan struct{} // closed when it has ended; err is set then
	err    error
}

// Service starts smtpbl the way systemd does, as the user of its unit and with
// no more rights than that gives it, and waits until it says that it is ready. Where it ends
// instead, the error holds what it wrote and wraps its exit status.
func (l *Lab) Service(ctx context.Context, start Start) (*Service, error) {
	s, err := l.Spawn(start)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, serviceWait)
	defer cancel()
	switch err := s.notify.await(ctx, s.ended); {
	case errors.Is(err, errEnded):
		_ = s.notify.close()
		return nil, fmt.Errorf("start smtpbl: %w\n%s", s.err, s.Log)
	case err != nil:
		return nil, errors.Join(fmt.Errorf("start smtpbl: %w\n%s", err, s.Log), s.Kill())
	}
	return s, nil
}

// Spawn starts smtpbl without waiting for anything.
func (l *Lab) Spawn(start Start) (*Service, error) {
	if err := writeConfig(start.Config); err != nil {
		return nil, err
	}
	u, err := l.readUnit(start.DropIn)
	if err != nil {
		return nil, err
	}
	who := &syscall.SysProcAttr{}
	if !start.Root {
		if who, err = u.identity(&start); err != nil {
			return nil, err
		}
		if err := l.prepare(u, who.Credential); err != nil {
			return nil, err
		}
	}
	notify, err := listenNotify()
	if err != nil {
		return nil, err
	}
	s := &Service{Log: newLog(), Told: notify.told, notify: notify, ended: make(chan struct{})}
	s.cmd = exec.Command(Binary, append([]string{"run"}, start.Args...)...)
	s.cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+notify.path())
	if start.Watchdog > 0 {
		s.cmd.Env = append(s.cmd.Env, fmt.Sprintf("WATCHDOG_USEC=%d", start.Watchdog.Microseconds()))
	}
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.SysProcAttr = s.Log, s.Log, who
	if !start.Root {
		calls, err := l.allowedCalls(u["SystemCallFilter"])
		if err != nil {
			return nil, err
		}
		confine(s.cmd, calls)
	}
	err = l.MX.Do(func() error {
		if !start.Root {
			if err := limitThread(start.capabilities(u["CapabilityBoundingSet"])); err != nil {
				return err
			}
		}
		return s.cmd.Start()
	})
	if err != nil {
		_ = notify.close()
		return nil, fmt.Errorf("start smtpbl: %w", err)
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.ended)
	}()
	return s, nil
}

// writeConfig writes the configuration, or makes sure that there is none.
func writeConfig(text string) error {
	if text == "" {
		if err := os.RemoveAll(ConfigFile); err != nil {
			return fmt.Errorf("remove the configuration: %w", err)
		}
		return nil
	}
	if err := os.WriteFile(ConfigFile, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

// Wait waits for the service to end by itself and returns its exit status.
func (s *Service) Wait(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, serviceWait)
	defer cancel()
	select {
	case <-s.ended:
		_ = s.notify.close()
		return exitCode(s.err)
	case <-ctx.Done():
		// Go answers SIGQUIT with what every goroutine does, and ends.
		err := s.Signal(syscall.SIGQUIT)
		select {
		case <-s.ended:
		case <-time.After(serviceWait):
		}
		return 0, errors.Join(fmt.Errorf("wait for smtpbl to end: %w\n%s", ctx.Err(), s.Log), err)
	}
}

// Signal sends the service a signal, such as SIGHUP or SIGSTOP.
func (s *Service) Signal(sig syscall.Signal) error {
	if err := s.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("send %s to smtpbl: %w", sig, err)
	}
	return nil
}

// AwaitReady waits until the service says once more that it is ready, which
// it does after SIGHUP.
func (s *Service) AwaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, serviceWait)
	defer cancel()
	if err := s.notify.await(ctx, s.ended); err != nil {
		return fmt.Errorf("wait for smtpbl: %w\n%s", err, s.Log)
	}
	return nil
}

// Stop ends the service as systemd does and expects it to end well.
func (s *Service) Stop(ctx context.Context) error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop smtpbl: %w", err)
	}
	code, err := s.Wait(ctx)
	if err == nil && code != 0 {
		err = fmt.Errorf("stop smtpbl: exit status %d\n%s", code, s.Log)
	}
	return err
}

// Kill ends the service, if it has not ended, without letting it do anything
// more.
func (s *Service) Kill() error {
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill smtpbl: %w", err)
	}
	<-s.ended
	return s.notify.close()
}

// PID is its process.
func (s *Service) PID() int { return s.cmd.Process.Pid }

// limitThread takes every capability but those named from what programs that
// this thread starts can ever have, and the way to more of them.
func limitThread(keep []string) error {
	kept := map[int]bool{}
	for _, name := range keep {
		n, err := capability(name)
		if err != nil {
			return err
		}
		kept[n] = true
	}
	for n := range capabilities {
		if kept[n] {
			continue
		}
		// EINVAL: an older kernel that does not know the newest ones.
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(n), 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("drop %s: %w", capabilities[n], err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("forbid new privileges: %w", err)
	}
	return nil
}
