package lab

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Log collects what a program writes, line by line, for others to wait for.
type Log struct {
	mu    sync.Mutex
	buf   bytes.Buffer  // the line that has no end yet
	lines []string      //
	grown chan struct{} // closed at the next line
}

func newLog() *Log { return &Log{grown: make(chan struct{})} }

// Write takes output; it never fails.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf.Write(p)
	for {
		line, rest, found := bytes.Cut(l.buf.Bytes(), []byte("\n"))
		if !found {
			return len(p), nil
		}
		l.lines = append(l.lines, string(line))
		l.buf = *bytes.NewBuffer(bytes.Clone(rest))
		close(l.grown)
		l.grown = make(chan struct{})
	}
}

// String returns all complete lines.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// find returns the first line that contains all parts, or a channel that tells
// when to look again.
func (l *Log) find(parts []string) (string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if containsAll(line, parts) {
			return line, nil
		}
	}
	return "", l.grown
}

func containsAll(line string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(line, p) {
			return false
		}
	}
	return true
}

// Await waits for a line that contains all parts and returns it.
func (l *Log) Await(ctx context.Context, within time.Duration, parts ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		line, grown := l.find(parts)
		if grown == nil {
			return line, nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return "", fmt.Errorf("wait for a line with %q: %w\n%s", parts, ctx.Err(), l)
		}
	}
}
