package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/smtpbl/smtpbl/ingest/child"
)

// errNoJournalctl says that the journal cannot be read on this machine.
var errNoJournalctl = errors.New("read journal: journalctl not found; install systemd, or name the log files in [ingest] files and set journal = \"off\"")

// journalctl is a running child.
type journalctl struct {
	io.Reader
	cmd *exec.Cmd
	// stderr is the end of what the child said.
	stderr tail
}

// startJournalctl starts the child; it ends when ctx does.
func startJournalctl(ctx context.Context, program string, args []string) (*journalctl, error) {
	c := &journalctl{cmd: exec.CommandContext(ctx, program, args...)}
	c.cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "SYSTEMD_COLORS=0")
	c.cmd.Stderr = &c.stderr
	c.cmd.Cancel = func() error { return c.cmd.Process.Signal(syscall.SIGTERM) }
	c.cmd.WaitDelay = 2 * time.Second
	stdout, err := c.cmd.StdoutPipe()
	if err == nil {
		err = child.Start(c.cmd)
	}
	switch {
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist):
		return nil, errNoJournalctl
	case err != nil:
		return nil, fmt.Errorf("start journalctl: %w", err)
	}
	c.Reader = stdout
	return c, nil
}

// Wait waits for the child's end and returns how it failed, with what it said.
func (c *journalctl) Wait() error {
	err := c.cmd.Wait()
	if err == nil {
		return nil
	}
	if said := strings.TrimSpace(string(c.stderr)); said != "" {
		return fmt.Errorf("journalctl: %w: %s", err, said)
	}
	return fmt.Errorf("journalctl: %w", err)
}

// tail keeps the last bytes written to it.
type tail []byte

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	const keep = 1 << 10
	*t = append(*t, p...)
	if len(*t) > keep {
		*t = append((*t)[:0], (*t)[len(*t)-keep:]...)
	}
	return len(p), nil
}
