package ingest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// benchLine is as long as mail log lines are on average.
var benchLine = "2026-11-23T15:04:11.916720+00:00 mx1 postfix/smtpd[431]: connect from unknown[198.51.100.7]" + strings.Repeat("x", 35) + "\n"

// benchLog makes a log of n lines.
func benchLog(b *testing.B, n int) string {
	b.Helper()
	path := logPath(b)
	must(b, os.WriteFile(path, bytes.Repeat([]byte(benchLine), n), 0o600))
	return path
}

const benchLines = 2_000_000

func BenchmarkLines(b *testing.B) {
	path := benchLog(b, benchLines)
	blocks := countLines(1)
	for b.Loop() {
		rc, err := Open(path)
		must(b, err)
		stats, err := blocks.Read(rc)
		must(b, err)
		must(b, rc.Close())
		if stats.Lines != benchLines {
			b.Fatal(stats)
		}
		b.SetBytes(int64(stats.Bytes)) //nolint:gosec // far from the limit
	}
}

// countLines reads lines in so many goroutines and makes nothing of them.
func countLines(goroutines int) *Blocks[struct{}] {
	first := func(b *Block[struct{}]) { b.Each(func([]byte) {}) }
	return NewBlocks(slices.Repeat([]func(*Block[struct{}]){first}, goroutines), func(*Block[struct{}]) {})
}

// BenchmarkLinesMapped is the same over a mapping, for the comparison that
// scanBuffer speaks of.
func BenchmarkLinesMapped(b *testing.B) {
	path := benchLog(b, benchLines)
	for b.Loop() {
		f, err := os.Open(path)
		must(b, err)
		data, err := syscall.Mmap(int(f.Fd()), 0, benchLines*len(benchLine), syscall.PROT_READ, syscall.MAP_SHARED|syscall.MAP_POPULATE)
		must(b, err)
		s, lines := splitter{max: DefaultMaxLine}, 0
		s.feed(data, func([]byte) { lines++ })
		must(b, syscall.Munmap(data))
		must(b, f.Close())
		if lines != benchLines {
			b.Fatal(lines)
		}
		b.SetBytes(int64(benchLines * len(benchLine)))
	}
}

// counter is a Handler that signals at a number of lines.
type counter struct {
	left int
	done chan time.Time
}

func (c *counter) Line(l *Line) {
	if c.left--; c.left == 0 {
		c.done <- time.Now()
	}
}

func (c *counter) Done(Position) {}

func BenchmarkFileHistory(b *testing.B) {
	path := benchLog(b, 200_000)
	b.ReportAllocs()
	for b.Loop() {
		f, c := NewFile(FileConfig{Path: path, History: time.Hour}), &counter{left: 200_000, done: make(chan time.Time, 1)}
		ctx, cancel := context.WithCancel(b.Context())
		ended := make(chan error)
		go func() { ended <- f.Run(ctx, c) }()
		<-c.done
		cancel()
		must(b, <-ended)
	}
	b.ReportMetric(200_000*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkFileLatency is the time from before a write to Handler.Line, of a
// source that is asleep.
func BenchmarkFileLatency(b *testing.B) {
	path := benchLog(b, 1)
	f, c := NewFile(FileConfig{Path: path, History: time.Hour}), &counter{done: make(chan time.Time, 1)}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error)
	go func() { ended <- f.Run(ctx, c) }()
	<-f.Ready()
	out, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	must(b, err)
	var took []time.Duration
	for b.Loop() {
		c.left = 1
		begin := time.Now()
		_, err := out.WriteString(benchLine)
		must(b, err)
		took = append(took, (<-c.done).Sub(begin))
	}
	cancel()
	must(b, <-ended)
	must(b, out.Close())
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "ns-median")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "ns-p99")
}

// BenchmarkFileRate is how many lines a second are followed while they are
// written, a hundred with each write, as rsyslog does under load.
func BenchmarkFileRate(b *testing.B) {
	const lines, each = 200_000, 100
	path := benchLog(b, 1)
	f, c := NewFile(FileConfig{Path: path, History: time.Hour}), &counter{done: make(chan time.Time, 1)}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error)
	go func() { ended <- f.Run(ctx, c) }()
	<-f.Ready()
	out, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	must(b, err)
	batch := []byte(strings.Repeat(benchLine, each))
	for b.Loop() {
		c.left = lines
		for range lines / each {
			_, err := out.Write(batch)
			must(b, err)
		}
		<-c.done
	}
	cancel()
	must(b, <-ended)
	must(b, out.Close())
	b.ReportMetric(lines*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkManyFiles follows thousands of logs that a pattern matches, writes
// to each, and reports what each costs in memory.
func BenchmarkManyFiles(b *testing.B) {
	const files = 3000
	dir := b.TempDir()
	for i := range files {
		must(b, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d.log", i)), []byte(benchLine), 0o600))
	}
	for b.Loop() {
		before := memory()
		found, _, err := Expand([]string{filepath.Join(dir, "*.log")})
		must(b, err)
		if len(found) != files {
			b.Fatalf("%d of %d logs found", len(found), files)
		}
		ctx, cancel := context.WithCancel(b.Context())
		var running sync.WaitGroup
		counters := make([]*counter, files)
		for i, path := range found {
			f, c := NewFile(FileConfig{Path: path, History: time.Hour}), &counter{done: make(chan time.Time, 1)}
			counters[i] = c
			running.Go(func() {
				if err := f.Run(ctx, c); err != nil {
					b.Error(err)
				}
			})
			<-f.Ready()
			c.left = 1
		}
		for i, path := range found {
			write(b, path, benchLine)
			<-counters[i].done
		}
		b.ReportMetric(float64(memory()-before)/files, "B/file")
		cancel()
		running.Wait()
	}
}

// memory is what the heap and the stacks hold after two collections, of which
// the second empties what the first has put aside.
func memory() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse) //nolint:gosec // far from the limit
}
