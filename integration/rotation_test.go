package integration

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// habit is one way in which administrators have logrotate rotate a log.
type habit struct {
	directives string
	// pauses is true where the habit itself loses what is written, or not
	// yet read, while it works, so that the writer has to pause.
	pauses bool
}

var habits = map[string]habit{
	"create":       {directives: "rotate 4\n create 0640 root adm\n compress\n delaycompress\n" + hangUp},
	"copytruncate": {directives: "rotate 4\n copytruncate\n", pauses: true},
	"delete":       {directives: "rotate 0\n nocreate\n" + hangUp},
	"olddir":       {directives: "rotate 4\n olddir /var/log/old\n createolddir 0755 root root\n compress\n" + hangUp},
}

// hangUp is how rsyslogd is told, in the words of Debian's own file but for
// the absence of an init system.
const hangUp = " sharedscripts\n postrotate\n  kill -HUP $(cat /run/rsyslogd.pid)\n endscript\n"

// rotations is how often each habit is tried in one test.
const rotations = 4

// TestRotation rotates the mail log with the real logrotate while failed
// logins are written to it without a pause, and expects that each is counted
// once.
func TestRotation(t *testing.T) {
	for name, h := range habits {
		t.Run(name, func(t *testing.T) {
			world(t)
			config := fmt.Sprintf("%s {\n missingok\n %s}\n", lab.MailLog, h.directives)
			must(t, os.WriteFile("/etc/logrotate.d/mail", []byte(config), 0o644))
			serve(t, lab.Start{})
			// What an earlier test left on its way through syslog is none of ours.
			must(t, caughtUp())
			m, err := laboratory.Metrics()
			must(t, err)
			w := &writer{before: failures(m)}
			for n := range rotations {
				must(t, h.rotate(w, n+1))
			}
			must(t, w.awaitCounted())
			t.Logf("%d failures were said during %d rotations", w.said, rotations)
			if w.said < 1000 {
				t.Errorf("only %d failures were said: that proves little", w.said)
			}
		})
	}
}

// rotate rotates once, while or after failures are said, and waits until the
// service has noticed that it is the nth rotation.
func (h *habit) rotate(w *writer, nth int) error {
	logrotate := func() error {
		err := laboratory.MX.Run("logrotate", "--force", "--state", "/run/logrotate.state", "/etc/logrotate.d/mail")
		if err != nil {
			return err
		}
		return awaitRotations(nth)
	}
	if !h.pauses {
		return w.during(logrotate)
	}
	for range 10 {
		if err := w.say(); err != nil {
			return err
		}
	}
	if err := w.awaitCounted(); err != nil {
		return err
	}
	return logrotate()
}

// awaitRotations waits until the service says that it saw n rotations.
func awaitRotations(n int) error {
	return lab.Until(fmt.Sprintf("rotation %d is noticed", n), soon, func() error {
		m, err := laboratory.Metrics()
		if seen := m.Sum("smtpbl_source_rotations_total"); err == nil && seen < float64(n) {
			err = fmt.Errorf("%v are", seen)
		}
		return err
	})
}

// writer says that logins failed, each from an address of its own.
type writer struct {
	said   uint64
	before uint64 // counted when the writer began
}

// batch is how many failures are said at once.
const batch = 100

func (w *writer) say() error {
	lines := make([]string, batch)
	for i := range lines {
		w.said++
		// RFC 6598 has addresses enough.
		addr := netip.AddrFrom4([4]byte{100, 64 + byte(w.said>>16), byte(w.said >> 8), byte(w.said)})
		lines[i] = failureLine(addr)
	}
	return lab.Say(lines...)
}

// during goes on saying failures, tens of thousands a second, until f returns.
func (w *writer) during(f func() error) error {
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				done <- nil
				return
			case <-tick.C:
			}
			if err := w.say(); err != nil {
				done <- err
				return
			}
		}
	}()
	err := f()
	close(stop)
	return errors.Join(err, <-done)
}

// awaitCounted waits until everything said was counted, and nothing twice.
func (w *writer) awaitCounted() error {
	return lab.Until("all failures are counted", soon, func() error {
		m, err := laboratory.Metrics()
		if counted := failures(m) - w.before; err == nil && counted != w.said {
			err = fmt.Errorf("%d of %d are", counted, w.said)
		}
		return err
	})
}
