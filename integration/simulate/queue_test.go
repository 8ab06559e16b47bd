package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// clerk notes when he acts, and comes again every every until he has had
// enough.
type clerk struct {
	name  string
	every time.Duration
	left  int
	notes *[]string
}

func (c *clerk) act(_ *world, at time.Duration) time.Duration {
	*c.notes = append(*c.notes, c.name+at.String())
	if c.left--; c.left == 0 {
		return 0
	}
	return at + c.every
}

func TestQueue(t *testing.T) {
	var got []string
	q := &queue{}
	q.add(2*time.Second, &clerk{"late ", time.Second, 9, &got})
	q.add(0, &clerk{"slow ", 2 * time.Second, 9, &got})
	q.add(0, &clerk{"once ", time.Second, 1, &got})
	q.run(nil, 4*time.Second)
	want := []string{"slow 0s", "once 0s", "late 2s", "slow 2s", "late 3s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
