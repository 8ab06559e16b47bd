package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// The faults that befall the service itself. Nobody else changes its table
// meanwhile: that it does not heal what breaks while it does not run is no
// fault of it. What it was told before and could not yet do is put off.

// away does something during which the service does not work, and waits until
// it does again.
func (c *campaign) away(f func() error) error {
	c.count()
	down := c.machine.Now()
	if err := f(); err != nil {
		return err
	}
	c.sources.excuse(down, c.machine.Now(), c.grace)
	return nil
}

// start starts the service and waits until it is ready.
func (c *campaign) start() error {
	s, err := c.lab.Service(c.ctx, lab.Start{Config: c.config()})
	if err != nil {
		return err
	}
	c.service, c.logs = s, append(c.logs, s.Log)
	return nil
}

// moment is a short time of chance, so that things happen at any moment.
func (c *campaign) moment(most time.Duration) {
	c.wait(time.Duration(c.dice.Int64N(int64(most))))
}

func (c *campaign) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.ctx.Done():
	}
}

func (c *campaign) kill() error {
	return c.away(func() error {
		if err := c.service.Kill(); err != nil {
			return err
		}
		c.moment(30 * time.Millisecond)
		return c.start()
	})
}

// killAmid kills the service while it is being told to ban. The ban may hold
// then or not; if whoever asked got an error, he asks again.
func (c *campaign) killAmid() error {
	i := slices.IndexFunc(c.trials, func(t *trial) bool { return t.stage == innocent })
	if i < 0 {
		return c.kill()
	}
	t, began := c.trials[i], c.machine.Now()
	t.plan(began, turn{began, either})
	ordered := make(chan error, 1)
	go func() { ordered <- c.order(t) }()
	c.moment(20 * time.Millisecond)
	err := c.kill()
	if <-ordered != nil {
		t.due = c.machine.Now()
		return err
	}
	c.planBan(t, began)
	return err
}

func (c *campaign) restart() error {
	return c.away(func() error {
		if err := c.service.Stop(c.ctx); err != nil {
			return err
		}
		c.moment(30 * time.Millisecond)
		return c.start()
	})
}

func (c *campaign) reload() error {
	return c.away(func() error {
		if err := c.service.Signal(syscall.SIGHUP); err != nil {
			return err
		}
		return c.service.AwaitReady(c.ctx)
	})
}

// pause stops the service for a while. Where the table is protected it must
// hold against others meanwhile.
func (c *campaign) pause() error {
	return c.away(func() error {
		if err := c.service.Signal(syscall.SIGSTOP); err != nil {
			return err
		}
		c.moment(100 * time.Millisecond)
		var err error
		if c.protected {
			err = c.flushRuleset()
		}
		return errors.Join(err, c.service.Signal(syscall.SIGCONT))
	})
}

// fillDisk leaves no room in the history's file system for a while; the bans
// of that time must hold all the same.
func (c *campaign) fillDisk() error {
	var fs unix.Statfs_t
	if err := unix.Statfs(lab.StateDir, &fs); err != nil {
		return fmt.Errorf("look at the history's disk: %w", err)
	}
	full := (fs.Blocks - fs.Bfree) * uint64(fs.Bsize)
	if err := resize(full); err != nil {
		return err
	}
	err := c.tend()
	c.moment(100 * time.Millisecond)
	return errors.Join(err, resize(fs.Blocks*uint64(fs.Bsize)))
}

// resize sets the size of the tmpfs that holds the history (tmpfs(5)).
func resize(bytes uint64) error {
	if err := unix.Mount("", lab.StateDir, "", unix.MS_REMOUNT, fmt.Sprintf("size=%d", bytes)); err != nil {
		return fmt.Errorf("resize the history's disk: %w", err)
	}
	return nil
}

// rotateLog renames the mail log, as logrotate does; what is logged next
// begins a new file.
func (c *campaign) rotateLog() error {
	if err := os.Rename(lab.MailLog, lab.MailLog+".1"); err != nil {
		return fmt.Errorf("rotate the mail log: %w", err)
	}
	log, err := os.OpenFile(lab.MailLog, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("begin a new mail log: %w", err)
	}
	return log.Close()
}

// count adds what the service counts since it began to the sums of its
// earlier lives. A table that drops everything also drops the scrape.
func (c *campaign) count() {
	m, err := c.lab.Metrics()
	if err != nil {
		c.unscraped++
		return
	}
	for _, name := range []string{"smtpbl_heals_total", "smtpbl_bans_total", "smtpbl_unbans_total"} {
		c.metrics[name] += m.Sum(name)
	}
}

// agrees checks that the service finds in the kernel what it wants to.
func (c *campaign) agrees() error {
	m, err := c.lab.Metrics()
	if err != nil {
		return err
	}
	if wanted, enforced := m.Sum("smtpbl_bans_wanted"), m.Sum("smtpbl_bans_enforced"); wanted != enforced || wanted == 0 {
		return fmt.Errorf("the service wants %v bans and finds %v in the kernel", wanted, enforced)
	}
	return nil
}
