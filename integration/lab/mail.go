package lab

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

//go:embed etc
var etc embed.FS

// MailLog is where rsyslogd writes what Postfix and Dovecot say.
const MailLog = "/var/log/mail.log"

// Users are the accounts of the mail server with their passwords.
var Users = map[string]string{"alice": "secret1", "bob": "secret2"}

// daemonWait is how long a daemon may take until it answers.
var daemonWait = Patience(20 * time.Second)

// startMail writes the configuration and starts syslog, Dovecot's
// authentication, Postfix and, as a stand-in for sshd, a listener on port 22.
func (l *Lab) startMail() error {
	began := time.Now()
	for _, step := range []func() error{
		l.configure, l.StartRsyslog, l.preparePostfix, l.StartDovecot, l.startPostfix, l.listenSSH,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	l.say("rsyslogd, Dovecot and Postfix run after %s", time.Since(began).Round(time.Second/10))
	return nil
}

// configure writes everything under etc/, and what is made and not written.
func (l *Lab) configure() error {
	v, err := DovecotVersion()
	if err != nil {
		return err
	}
	for name, from := range map[string]string{
		"/etc/rsyslog.conf":         "rsyslog.conf",
		"/etc/postfix/main.cf":      "main.cf",
		"/etc/postfix/master.cf":    "master.cf",
		"/etc/dovecot/dovecot.conf": "dovecot-" + v + ".conf",
	} {
		if err := render(name, from); err != nil {
			return err
		}
	}
	var users strings.Builder
	for user, password := range Users {
		fmt.Fprintf(&users, "%s:{PLAIN}%s\n", user, password)
	}
	if err := os.WriteFile("/etc/dovecot/users", []byte(users.String()), 0o644); err != nil {
		return fmt.Errorf("write the users: %w", err)
	}
	return writeCertificate("/etc/postfix/cert.pem", "/etc/postfix/key.pem")
}

// render writes one of the embedded configuration files.
func render(name, from string) error {
	t, err := template.ParseFS(etc, "etc/"+from)
	if err != nil {
		return fmt.Errorf("read the template of %s: %w", name, err)
	}
	var text bytes.Buffer
	if err = t.Execute(&text, map[string]string{"HostName": HostName, "MailLog": MailLog}); err != nil {
		return fmt.Errorf("fill in the template of %s: %w", name, err)
	}
	if err = os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("write a configuration: %w", err)
	}
	if err = os.WriteFile(name, text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write a configuration: %w", err)
	}
	return nil
}

// preparePostfix makes the empty queue's directories, so that Dovecot finds
// the one of the socket they share. The other empty directory gets its owner
// from the package, unless the machine had that before.
func (l *Lab) preparePostfix() error {
	if err := l.MX.Run("chown", "postfix:postfix", "/var/lib/postfix"); err != nil {
		return err
	}
	return l.MX.Run("postfix", "check")
}

func (l *Lab) startPostfix() error {
	if err := l.MX.Run("postfix", "start"); err != nil {
		return err
	}
	from := NeighbourNet4.Addr().Next()
	for _, port := range []uint16{25, 465, 587} {
		err := Until(fmt.Sprintf("Postfix answers on port %d", port), daemonWait, func() error {
			conn, err := l.Neighbour.Dial(from, port, time.Second)
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

// Until tries f again and again until it works or time is up.
func Until(what string, within time.Duration, f func() error) error {
	deadline := time.Now().Add(within)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("wait until %s: %w", what, err)
		}
		<-tick.C
	}
}
