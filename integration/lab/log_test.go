package lab

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestLogAwaitsALineToCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		go func() {
			for _, piece := range []string{"level=INFO msg=rea", "dy\nlevel=INFO msg=ban", "ned addr=192.0.2.1\n"} {
				time.Sleep(time.Second) // of virtual time
				_, _ = fmt.Fprint(l, piece)
			}
		}()
		line, err := l.Await(t.Context(), time.Minute, "msg=banned", "addr=192.0.2.1")
		if want := "level=INFO msg=banned addr=192.0.2.1"; line != want || err != nil {
			t.Errorf("got %q, %v, want %q", line, err, want)
		}
		if line, err = l.Await(t.Context(), time.Minute, "msg=ready"); err != nil {
			t.Errorf("an earlier line is not found: %q, %v", line, err)
		}
		if _, err = l.Await(t.Context(), time.Minute, "msg=never"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting for what never comes: %v", err)
		}
	})
}
