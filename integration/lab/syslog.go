package lab

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// mailInfo is the priority of what Postfix says: facility mail (2), severity
// info (6); RFC 3164 section 4.1.1.
const mailInfo = 2*8 + 6

// Syslog says messages, each "tag: text", to /dev/log like any program of the
// mail server, and waits until the last stands in the mail log.
func (l *Lab) Syslog(messages ...string) error {
	if err := Say(messages...); err != nil {
		return err
	}
	return l.AwaitMailLog(messages[len(messages)-1])
}

// Say says messages as Syslog does, but does not wait.
func Say(messages ...string) error {
	conn, err := net.Dial("unixgram", "/dev/log")
	if err != nil {
		return fmt.Errorf("open /dev/log: %w", err)
	}
	defer func() { _ = conn.Close() }()
	for _, m := range messages {
		if _, err := fmt.Fprintf(conn, "<%d>%s %s", mailInfo, time.Now().Format(time.Stamp), m); err != nil {
			return fmt.Errorf("write to /dev/log: %w", err)
		}
	}
	return nil
}

// AwaitMailLog waits until the mail log contains text.
func (l *Lab) AwaitMailLog(text string) error {
	return Until(fmt.Sprintf("%q stands in the mail log", text), daemonWait, func() error {
		log, err := os.ReadFile(MailLog)
		if err == nil && !bytes.Contains(log, []byte(text)) {
			err = fmt.Errorf("it has %d lines and not that one", bytes.Count(log, []byte("\n")))
		}
		return err
	})
}

// MailLogLines returns the lines of the mail log that contain all parts.
func (l *Lab) MailLogLines(parts ...string) ([]string, error) {
	log, err := os.ReadFile(MailLog)
	if err != nil {
		return nil, fmt.Errorf("read the mail log: %w", err)
	}
	var found []string
	for line := range strings.Lines(string(log)) {
		if containsAll(line, parts) {
			found = append(found, strings.TrimSuffix(line, "\n"))
		}
	}
	return found, nil
}
