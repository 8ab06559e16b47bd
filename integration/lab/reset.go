package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"
)

// TableName is the nftables table that the default configuration names.
const TableName = "smtpbl"

// Reset gives the next test a mail server that has never seen smtpbl nor an
// attack: no table, no state, an empty mail log. No service may be running.
func (l *Lab) Reset() error {
	if err := l.DeleteTable(); err != nil {
		return err
	}
	for _, dir := range []string{StateDir, "/etc/smtpbl", RuntimeDir} {
		if err := empty(dir); err != nil {
			return err
		}
	}
	logs, err := filepath.Glob(MailLog + "*")
	if err != nil {
		return fmt.Errorf("find the mail logs: %w", err)
	}
	for _, name := range logs {
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("remove a mail log: %w", err)
		}
	}
	if err := l.HangUpRsyslog(); err != nil {
		return err
	}
	// rsyslogd takes its time to hang up; what it gets before goes into the
	// file that is no more.
	return Until("rsyslogd begins a new mail log", daemonWait, func() error {
		if err := Say("laboratory: a new log begins"); err != nil {
			return err
		}
		_, err := os.Stat(MailLog)
		return err
	})
}

func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("empty a directory: %w", err)
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("empty a directory: %w", err)
		}
	}
	return nil
}

// HasTable tells whether the table stands in the kernel.
func (l *Lab) HasTable() (bool, error) {
	var found bool
	err := l.onNftables(func(c *nftables.Conn) error {
		tables, err := c.ListTablesOfFamily(nftables.TableFamilyINet)
		for _, t := range tables {
			found = found || t.Name == TableName
		}
		return err
	})
	return found, err
}

// DeleteTable deletes the table if there is one.
func (l *Lab) DeleteTable() error {
	return l.onNftables(func(c *nftables.Conn) error {
		c.DelTable(&nftables.Table{Name: TableName, Family: nftables.TableFamilyINet})
		if err := c.Flush(); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("delete the table: %w", err)
		}
		return nil
	})
}

func (l *Lab) onNftables(f func(c *nftables.Conn) error) error {
	return l.MX.Do(func() error {
		c, err := nftables.New()
		if err != nil {
			return fmt.Errorf("open nftables: %w", err)
		}
		return f(c)
	})
}

// HangUpRsyslog makes rsyslogd open its files anew, as its logrotate script
// does.
func (l *Lab) HangUpRsyslog() error {
	pid, err := rsyslogPID()
	if err != nil {
		return err
	}
	if err = syscall.Kill(pid, syscall.SIGHUP); err != nil {
		return fmt.Errorf("hang up rsyslogd: %w", err)
	}
	return nil
}
