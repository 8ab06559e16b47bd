package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// authSocket is where Postfix asks Dovecot whether a password is right.
const authSocket = "/var/spool/postfix/private/auth"

// StartDovecot starts Dovecot, which checks passwords for Postfix and does
// nothing else here.
func (l *Lab) StartDovecot() error {
	l.dovecot = exec.Command("dovecot", "-F")
	l.dovecot.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // for StopDovecot
	if err := l.MX.Start(l.dovecot); err != nil {
		return fmt.Errorf("start dovecot: %w", err)
	}
	return Until("Dovecot listens for Postfix", daemonWait, func() error {
		_, err := os.Stat(authSocket)
		return err
	})
}

// StopDovecot kills all of it, so that Postfix has nobody to ask. Asked to
// stop, it would go on to serve those that are connected.
func (l *Lab) StopDovecot() error {
	if err := syscall.Kill(-l.dovecot.Process.Pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("stop dovecot: %w", err)
	}
	_ = l.dovecot.Wait() // says that it was killed
	if err := os.Remove(authSocket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("stop dovecot: %w", err)
	}
	return nil
}

// dovecotMore is what Dovecot reads besides the laboratory's own.
const dovecotMore = "/etc/dovecot/smtpbl.conf"

// Dovecot starts Dovecot anew with more configuration; empty means no more
// than the laboratory's own.
func (l *Lab) Dovecot(more string) error {
	if err := writeMore(dovecotMore, more); err != nil {
		return err
	}
	if err := l.StopDovecot(); err != nil {
		return err
	}
	return l.StartDovecot()
}

// DovecotVersion tells which of the two dialects of configuration is spoken,
// "2.3" or "2.4".
func DovecotVersion() (string, error) {
	out, err := exec.Command("dovecot", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask Dovecot for its version: %w", err)
	}
	if strings.HasPrefix(string(out), "2.3.") {
		return "2.3", nil
	}
	return "2.4", nil
}
