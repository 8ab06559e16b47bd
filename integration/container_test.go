package integration

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// TestContainer has a mail server's log in the files of Docker's driver
// json-file, which come into being and are rotated under smtpbl.
func TestContainer(t *testing.T) {
	world(t)
	serve(t, lab.Start{Config: documented(t, "-json.log"), DropIn: documented(t, "AmbientCapabilities")})
	c := startContainer(t)
	addr := attacker4(1)
	failTimes(t, 2, addr)
	must(t, c.rotate())
	failTimes(t, 1, addr)
	must(t, caughtUp())
	must(t, c.rotate())
	failTimes(t, threshold(addr)-4, addr)
	notBanned(t, addr)
	failLast(addr, lab.PortSMTP, "PLAIN")
	must(t, awaitBan(addr))
	must(t, shut(addr))
}

// TestDockerMailserver has the mail log in a volume, as docker-mailserver's
// compose.yaml makes one: a folder that is mounted twice. Its logrotate copies
// the log and truncates it (target/scripts/startup/setup.d/log.sh).
func TestDockerMailserver(t *testing.T) {
	const volume = "/srv/mailserver/docker-data/dms/mail-logs"
	world(t)
	must(t, os.MkdirAll(volume, 0o755))
	must(t, unix.Mount(filepath.Dir(lab.MailLog), volume, "", unix.MS_BIND, ""))
	t.Cleanup(func() { must(t, unix.Unmount(volume, 0)) })
	serve(t, lab.Start{Config: documented(t, volume+"/"+filepath.Base(lab.MailLog))})
	addr := attacker4(1)
	failTimes(t, threshold(addr)-1, addr)
	must(t, caughtUp())
	text, err := os.ReadFile(lab.MailLog)
	must(t, err)
	must(t, os.WriteFile(lab.MailLog+".1", text, 0o640))
	must(t, os.Truncate(lab.MailLog, 0))
	notBanned(t, addr)
	failLast(addr, lab.PortSMTP, "PLAIN")
	must(t, awaitBan(addr))
	must(t, shut(addr))
}

// container writes what a container says to a file, as Docker does, for a
// container that shows its mail log.
type container struct {
	log io.Reader // the mail log

	mu      sync.Mutex
	path    string
	records *os.File
}

// startContainer runs a container until the test ends.
func startContainer(t *testing.T) *container {
	t.Helper()
	const id = "0123456789abcdef"
	dir := filepath.Join("/var/lib/docker/containers", id)
	must(t, os.MkdirAll(dir, 0o710))
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	log, err := os.Open(lab.MailLog)
	must(t, err)
	c := &container{log: log, path: filepath.Join(dir, id+"-json.log")}
	must(t, c.create())
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- c.run(stop) }()
	t.Cleanup(func() {
		close(stop)
		must(t, errors.Join(<-done, log.Close(), c.records.Close()))
	})
	return c
}

// create opens the file for records; mu is held, or nobody else is there.
func (c *container) create() (err error) {
	c.records, err = os.OpenFile(c.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	return err
}

// run records what is said until stop is closed.
func (c *container) run(stop <-chan struct{}) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	var said []byte
	for {
		select {
		case <-stop:
			return nil
		case <-tick.C:
		}
		more, err := io.ReadAll(c.log)
		if err != nil {
			return fmt.Errorf("read what a container says: %w", err)
		}
		said = append(said, more...)
		for end := bytes.IndexByte(said, '\n'); end >= 0; end = bytes.IndexByte(said, '\n') {
			if err := c.record(string(said[:end+1])); err != nil {
				return err
			}
			said = said[end+1:]
		}
	}
}

// record writes one line (moby daemon/logger/jsonfilelog).
func (c *container) record(line string) error {
	text, err := json.Marshal(struct {
		Log    string    `json:"log"`
		Stream string    `json:"stream"`
		Time   time.Time `json:"time"`
	}{line, "stdout", time.Now().UTC()})
	if err != nil {
		return fmt.Errorf("make a record: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.records.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("write a record: %w", err)
	}
	return nil
}

// rotate begins a new file, as Docker does when max-size is reached (moby
// daemon/logger/loggerutils).
func (c *container) rotate() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.records.Close(); err != nil {
		return fmt.Errorf("rotate a container's log: %w", err)
	}
	if err := os.Rename(c.path, c.path+".1"); err != nil {
		return fmt.Errorf("rotate a container's log: %w", err)
	}
	return c.create()
}
