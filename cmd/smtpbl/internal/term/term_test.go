package term

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/ptytest"
)

// terminal opens a pseudo terminal: what is typed into keyboard is read from tty,
// and what is written to tty shows on keyboard's side.
func terminal(t *testing.T) (keyboard, tty *os.File) {
	t.Helper()
	keyboard, tty, err := ptytest.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	t.Cleanup(func() { _ = tty.Close() })
	return keyboard, tty
}

// shown reads from the terminal's screen until the text is there.
func shown(t *testing.T, keyboard *os.File, text string) string {
	t.Helper()
	if err := keyboard.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	b := make([]byte, 4096)
	for !strings.Contains(all.String(), text) {
		n, err := keyboard.Read(b)
		if err != nil {
			t.Fatalf("%v; shown so far: %q", err, all.String())
		}
		all.Write(b[:n])
	}
	return all.String()
}

// TestScreen shows text cut to the size, and leaves the terminal as it was.
func TestScreen(t *testing.T) {
	keyboard, tty := terminal(t)
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 2, Col: 5}); err != nil {
		t.Fatal(err)
	}
	before, _ := settings(tty)
	s, err := Open(tty, tty)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Show([]byte("1234567\näöüßé0\nthird\n")); err != nil {
		t.Fatal(err)
	}
	if during, _ := settings(tty); during.Lflag&(unix.ECHO|unix.ICANON) != 0 {
		t.Error("keys are shown, or wait for Enter")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	const want = enter + home + "12345" + clearLine + "\r\näöüßé" + clearLine + clearRest + leave
	if got := shown(t, keyboard, leave); got != want {
		t.Errorf("shown %q, want %q", got, want)
	}
	if after, _ := settings(tty); *after != *before {
		t.Errorf("settings are %+v, were %+v", after, before)
	}
}

func TestNoTerminal(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, stream := range []any{f, &bytes.Buffer{}, nil} {
		if Is(stream) {
			t.Errorf("%T is a terminal", stream)
		}
		if _, err := Open(stream, stream); err == nil {
			t.Errorf("%T was opened", stream)
		}
	}
}

// TestKeys ends a wait by the keys that say so, and by no others.
func TestKeys(t *testing.T) {
	for keys, ends := range map[string]bool{"q": true, "Q": true, "xyz\n": false, "\x1b[A": false, "xq": true, "\x03": true, "\x04": true} {
		keyboard, tty := terminal(t)
		s, err := Open(tty, tty)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := keyboard.WriteString(keys); err != nil {
			t.Fatal(err)
		}
		patience := 10 * time.Second
		if !ends {
			patience = 50 * time.Millisecond
		}
		if end, err := s.Wait(t.Context(), patience); end != ends || err != nil {
			t.Errorf("%q ends %v, %v, want %v", keys, end, err, ends)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestWaitEnds ends a wait with the context, before it and during it, and when
// the terminal goes away.
func TestWaitEnds(t *testing.T) {
	keyboard, tty := terminal(t)
	s, err := Open(tty, tty)
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []time.Duration{0, 20 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		if end, err := s.Wait(ctx, time.Minute); !end || err != nil {
			t.Errorf("Wait: %v, %v, want an end", end, err)
		}
		cancel()
	}
	if err := keyboard.Close(); err != nil {
		t.Fatal(err)
	}
	if end, err := s.Wait(t.Context(), time.Minute); !end || err != nil {
		t.Errorf("Wait without a terminal: %v, %v, want an end", end, err)
	}
}
