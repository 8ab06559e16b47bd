package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// The two files into which rsyslogd writes every message, with either stamp.
const (
	logRFC3339 = "/var/log/mail.log"
	logBSD     = "/var/log/mail.bsd"
)

const rsyslogConf = `# What Debian's own does, once with each of the formats it comes with.
module(load="imuxsock" SysSock.RateLimit.Interval="0")
$FileCreateMode 0644
*.*;syslog.none;kern.none;cron.none	action(type="omfile" file="` + logRFC3339 + `" template="RSYSLOG_FileFormat")
*.*;syslog.none;kern.none;cron.none	action(type="omfile" file="` + logBSD + `" template="RSYSLOG_TraditionalFileFormat")
`

// daemonWait is how long a daemon may take until it answers.
const daemonWait = 30 * time.Second

// rig is the laboratory with what is needed to set a server up in it.
type rig struct {
	*lab.Lab
}

func newRig(l *lab.Lab) (*rig, error) {
	r := &rig{Lab: l}
	var hosts strings.Builder
	for addr, name := range named {
		fmt.Fprintf(&hosts, "%s %s\n", addr, name)
	}
	if err := appendTo("/etc/hosts", hosts.String()); err != nil {
		return nil, err
	}
	if err := r.write("/etc/rsyslog.conf", rsyslogConf); err != nil {
		return nil, err
	}
	return r, l.StartRsyslog()
}

func appendTo(name, text string) error {
	old, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("append to a file: %w", err)
	}
	return os.WriteFile(name, append(old, text...), 0o644)
}

// write writes a file and makes its directory.
func (r *rig) write(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("write a configuration: %w", err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write a configuration: %w", err)
	}
	return nil
}

// writeAll writes several files.
func (r *rig) writeAll(files map[string]string) error {
	for name, text := range files {
		if err := r.write(name, text); err != nil {
			return err
		}
	}
	return nil
}

// user makes the account one of the system.
func (r *rig) user() error {
	return r.sh("useradd -m -U -u " + accountID + " " + account + "; echo " + account + ":" + password + " | chpasswd")
}

// certificate makes a key and a certificate that signs itself. The key is of
// RSA because OpenSMTPD serves no other.
func (r *rig) certificate(certFile, keyFile string) error {
	return r.MX.Run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
		"-subj", "/CN="+lab.HostName, "-keyout", keyFile, "-out", certFile)
}

// sh runs a line of shell on the mail server.
func (r *rig) sh(line string) error { return r.MX.Run("sh", "-ec", line) }

// daemon starts a program that stays in the foreground, in a process group of
// its own; end ends all of it.
func (r *rig) daemon(name string, args ...string) (end func(), err error) {
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := r.MX.Start(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails only if it has ended
		_ = cmd.Wait()                                      // says that it was killed
	}, nil
}

// listens waits until a port of the mail server answers.
func (r *rig) listens(ports ...uint16) error {
	for _, port := range ports {
		err := lab.Until(fmt.Sprintf("port %d answers", port), daemonWait, func() error {
			conn, err := r.Neighbour.Dial(good4(250), port, time.Second)
			if err != nil {
				return err
			}
			return conn.Close()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// exists waits until a file does.
func (r *rig) exists(name string) error {
	return lab.Until(name+" exists", daemonWait, func() error {
		_, err := os.Stat(name)
		return err
	})
}

// settle is how long a log must not have grown to be held for complete.
const settle = 2 * time.Second

// complete waits until a log grows no more and returns what it has from
// offset on.
func complete(name string, offset int64) ([]byte, error) {
	var size int64
	changed := time.Now()
	err := lab.Until(name+" grows no more", daemonWait, func() error {
		if now := sizeOf(name); now != size {
			size, changed = now, time.Now()
		}
		if rest := settle - time.Since(changed); rest > 0 {
			return fmt.Errorf("it has %d bytes", size)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read a log: %w", err)
	}
	return text[min(offset, int64(len(text))):], nil
}

// sizeOf returns a file's length, 0 where there is none yet.
func sizeOf(name string) int64 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return info.Size()
}
