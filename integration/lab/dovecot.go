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
	if err := l.MX.Start(l.dovecot); err != nil {
		return fmt.Errorf("start dovecot: %w", err)
	}
	return Until("Dovecot listens for Postfix", daemonWait, func() error {
		_, err := os.Stat(authSocket)
		return err
	})
}

// StopDovecot stops it, so that Postfix has nobody to ask.
func (l *Lab) StopDovecot() error {
	if err := l.dovecot.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop dovecot: %w", err)
	}
	if _, err := exitCode(l.dovecot.Wait()); err != nil {
		return fmt.Errorf("stop dovecot: %w", err)
	}
	if err := os.Remove(authSocket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("stop dovecot: %w", err)
	}
	return nil
}

// dovecotVersion tells which of the two dialects of configuration is spoken.
func dovecotVersion() (string, error) {
	out, err := exec.Command("dovecot", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask Dovecot for its version: %w", err)
	}
	if strings.HasPrefix(string(out), "2.3.") {
		return "2.3", nil
	}
	return "2.4", nil
}
