package journal

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestEachLineHasItsPriority logs at every level from several goroutines, also
// through loggers that are made of the first one.
func TestEachLineHasItsPriority(t *testing.T) {
	var out strings.Builder
	log := slog.New(NewHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var wg sync.WaitGroup
	const rounds = 100
	for range rounds {
		wg.Go(func() { log.Debug("a", "is", "DEBUG") })
		wg.Go(func() { log.With("b", 1).Info("b\n<0>forged") })
		wg.Go(func() { log.WithGroup("c").Warn("c") })
		wg.Go(func() { log.Error("d") })
	}
	wg.Wait()
	marks := map[string]string{"DEBUG": "<7>", "INFO": "<6>", "WARN": "<4>", "ERROR": "<3>"}
	found := map[string]int{}
	for line := range strings.Lines(out.String()) {
		for level, mark := range marks {
			if strings.Contains(line, " level="+level+" ") {
				found[level]++
				if !strings.HasPrefix(line, mark+"time=") {
					t.Errorf("level %s, want %s: %s", level, mark, line)
				}
			}
		}
	}
	for level := range marks {
		if found[level] != rounds {
			t.Errorf("%d lines of level %s, want %d", found[level], level, rounds)
		}
	}
}

func TestMarkMarksEachLine(t *testing.T) {
	if got := Mark(slog.LevelError, "one\ntwo\n"); got != "<3>one\n<3>two\n" {
		t.Errorf("got %q", got)
	}
}

func TestReaches(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "stream"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	its := fmt.Sprintf("%d:%d", st.Dev, st.Ino)
	for stream, want := range map[string]bool{its: true, its + "0": false, "": false} {
		if got := Reaches(f, stream); got != want {
			t.Errorf("Reaches(%q) = %v, want %v", stream, got, want)
		}
	}
	if Reaches(&strings.Builder{}, its) {
		t.Error("what is no file leads to the journal")
	}
}
