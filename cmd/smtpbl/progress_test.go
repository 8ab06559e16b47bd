package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestProgressLine(t *testing.T) {
	for _, c := range []struct {
		done, total int64
		took        time.Duration
		want        string
	}{
		{0, 0, 0, "0 MB read, 0 MB/s"},
		{5e6, 0, 2 * time.Second, "5 MB read, 2 MB/s"},
		{0, 8e6, time.Second, "0 MB read, 0 MB/s"},
		{50e6, 200e6, time.Second, "[#######                       ]  25 %  50 of 200 MB  50 MB/s  3s left"},
		{9e6, 8e6, time.Second, "[##############################] 100 %  8 of 8 MB  9 MB/s  0s left"},
	} {
		if got := progressLine(c.done, c.total, c.took); got != c.want {
			t.Errorf("%d of %d in %s: %q, want %q", c.done, c.total, c.took, got, c.want)
		}
	}
}

// terminal opens a pseudo-terminal: what a program writes to tty is read from
// the other end.
func terminal(t *testing.T) (other, tty *os.File) {
	t.Helper()
	other, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	if err := unix.IoctlSetPointerInt(int(other.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(other.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	return other, tty
}

// TestScanShowsProgress scans standard input, which stays open until the bar
// was seen.
func TestScanShowsProgress(t *testing.T) {
	other, tty := terminal(t)
	dir := t.TempDir()
	empty, out := filepath.Join(dir, "smtpbl.toml"), filepath.Join(dir, "out")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	in, feed := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(t.Context(), []string{"scan", "--config", empty, "-"}, env{stdin: in, stdout: stdout, stderr: tty})
	}()
	if _, err := feed.Write([]byte(strings.Repeat("x", 3e6))); err != nil {
		t.Fatal(err)
	}
	// The bar ends in an escape sequence, not in a line's end.
	for r, shown := bufio.NewReader(other), ""; !strings.Contains(shown, "3 MB read"); {
		part, err := r.ReadString('K')
		if err != nil {
			t.Fatal(err)
		}
		shown += part
	}
	_ = feed.Close()
	if got := <-code; got != exitDone {
		t.Errorf("exit code %d", got)
	}
}

// TestProgressIsSilent has the outputs that nobody looks at or that the bar
// would spoil.
func TestProgressIsSilent(t *testing.T) {
	_, tty := terminal(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	for name, c := range map[string]struct {
		stdout, stderr io.Writer
		events, shown  bool
	}{
		"terminal":                  {tty, tty, false, true},
		"output into a pipe":        {write, tty, false, false},
		"diagnostics into a pipe":   {tty, write, false, false},
		"events on a terminal":      {tty, tty, true, false},
		"output of another program": {io.Discard, tty, false, false},
	} {
		a := &app{env: env{stdout: c.stdout, stderr: c.stderr}}
		if got := a.progress(c.events) != nil; got != c.shown {
			t.Errorf("%s: progress shown is %v, want %v", name, got, c.shown)
		}
	}
}
