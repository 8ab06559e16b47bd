package lab

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// rsyslogMore is what rsyslogd reads besides /etc/rsyslog.conf.
const rsyslogMore = "/etc/rsyslog.d/30-smtpbl.conf"

// StartRsyslog starts rsyslogd with /etc/rsyslog.conf as it is. It owns
// /dev/log inside, which takes messages on return.
func (l *Lab) StartRsyslog() error {
	l.rsyslog = exec.Command("rsyslogd", "-n", "-i", rsyslogPIDFile)
	if err := l.MX.Start(l.rsyslog); err != nil {
		return fmt.Errorf("start rsyslogd: %w", err)
	}
	return Until("rsyslogd takes messages and has written its process id", daemonWait, func() error {
		conn, err := net.Dial("unixgram", "/dev/log")
		if err != nil {
			return err
		}
		_, err = rsyslogPID()
		return errors.Join(err, conn.Close())
	})
}

// rsyslogPIDFile is where rsyslogd leaves its process id once it runs.
const rsyslogPIDFile = "/run/rsyslogd.pid"

func rsyslogPID() (int, error) {
	text, err := os.ReadFile(rsyslogPIDFile)
	if err != nil {
		return 0, fmt.Errorf("find rsyslogd: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("find rsyslogd: %w", err)
	}
	return pid, nil
}

// Rsyslog starts rsyslogd anew with more configuration, which rsyslogd must
// hold for right; empty means no more than the laboratory's own.
func (l *Lab) Rsyslog(more string) error {
	if err := writeMore(rsyslogMore, more); err != nil {
		return err
	}
	if err := l.MX.Run("rsyslogd", "-N1"); err != nil {
		return err
	}
	if err := l.rsyslog.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop rsyslogd: %w", err)
	}
	if err := l.rsyslog.Wait(); err != nil {
		return fmt.Errorf("stop rsyslogd: %w", err)
	}
	return l.StartRsyslog()
}

// writeMore writes a file that a configuration includes.
func writeMore(name, text string) error {
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write more configuration: %w", err)
	}
	return nil
}
