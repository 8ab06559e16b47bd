package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
)

// scanBuffer is the size of the reads of Blocks. It stays within a core's
// second-level cache, so that a line is searched where the kernel has just
// copied it; of 64 KiB to 1 MiB this size was among the fastest. Lines
// alone are found in less than half the time in a mapping
// (BenchmarkLinesMapped), but a whole scan gains nothing by it, because the
// parser then waits for memory that a read had brought into the cache.
const scanBuffer = 128 << 10

// Block is a run of whole lines of one log, and what was made of them.
type Block[T any] struct {
	// Made is for what the first step makes of the lines. It is kept when the
	// Block is used again, so that its buffers are.
	Made T
	// Lines is how many lines Each has found.
	Lines uint64

	long uint64 // of them over-long
	cut  pieces // that are open at its start
	text []byte // lines with their ends, but perhaps the last
	buf  []byte
	made chan struct{} // holds one when the first step is done
}

// Each hands every line of b to fn, without its end, and a piece of a line that
// a container's engine has cut as an empty one. The slice is valid until the
// Block is used again.
func (b *Block[T]) Each(fn func(line []byte)) {
	b.Lines, b.long = 0, 0
	cut := b.cut
	for text := b.text; len(text) > 0; b.Lines++ {
		line := text
		if end := bytes.IndexByte(text, '\n'); end >= 0 {
			line, text = text[:end], text[end+1:]
		} else {
			text = nil
		}
		if len(line) > 0 && line[0] == 0 {
			line = bytes.TrimLeft(line, "\x00") // a hole: see splitter.keep
		}
		if len(line) > DefaultMaxLine {
			line = line[:DefaultMaxLine]
			b.long++
		}
		if cut.torn(line) {
			line = nil
		}
		fn(line)
	}
}

// LineStats is what Blocks.Read has read.
type LineStats struct {
	// Lines and Bytes count all that was read.
	Lines, Bytes uint64
	// OverLong counts lines of which only the first DefaultMaxLine bytes were
	// handed over.
	OverLong uint64
}

// Blocks reads logs in two steps: the first may run for several blocks at the
// same time, the second takes the blocks one after the other in the order in
// which they stand in the log. The result is the same with any number of
// goroutines, and the memory does not grow with the log.
type Blocks[T any] struct {
	first  []func(*Block[T])
	second func(*Block[T])
	all    []*Block[T]
	stats  LineStats // of the log that is read
	cut    pieces    // that are open where the reading is
}

// NewBlocks returns Blocks whose first step is done by as many goroutines as
// there are functions in first. With one function everything is done in the
// goroutine that calls Read.
func NewBlocks[T any](first []func(*Block[T]), second func(*Block[T])) *Blocks[T] {
	x := &Blocks[T]{first: first, second: second}
	// For each goroutine one to work on and one that waits for its turn, and
	// one each for the reader and the second step.
	for range 2*len(first) + 2 {
		x.all = append(x.all, &Block[T]{made: make(chan struct{}, 1)})
	}
	return x
}

// Read reads r to its end; an unterminated last line counts too. The
// statistics are right up to the point where an error, that of r, ended the
// reading: what was read before has gone through both steps.
func (x *Blocks[T]) Read(r io.Reader) (LineStats, error) {
	c := &cutter{r: r, cut: &x.cut}
	x.stats = LineStats{}
	if len(x.first) == 1 {
		x.readAlone(c)
	} else {
		x.readTogether(c)
	}
	x.stats.Bytes = c.read
	if !errors.Is(c.err, io.EOF) {
		return x.stats, fmt.Errorf("read lines: %w", c.err)
	}
	return x.stats, nil
}

// take is the second step of b and counts its lines.
func (x *Blocks[T]) take(b *Block[T]) {
	x.second(b)
	x.stats.Lines += b.Lines
	x.stats.OverLong += b.long
}

func (x *Blocks[T]) readAlone(c *cutter) {
	b := x.all[0]
	for b.fill(c) {
		x.first[0](b)
		x.take(b)
	}
}

// readTogether gives each block to the first step and to the second, which
// waits until the first is done with it. A channel has room for all blocks,
// so only the reader ever waits for blocks to come back.
func (x *Blocks[T]) readTogether(c *cutter) {
	free, todo, inOrder := make(chan *Block[T], len(x.all)), make(chan *Block[T], len(x.all)), make(chan *Block[T], len(x.all))
	for _, b := range x.all {
		free <- b
	}
	var group sync.WaitGroup
	group.Go(func() {
		for b := range free {
			if !b.fill(c) {
				break
			}
			todo <- b
			inOrder <- b
		}
		close(todo)
		close(inOrder)
	})
	for _, first := range x.first {
		group.Go(func() {
			for b := range todo {
				first(b)
				b.made <- struct{}{}
			}
		})
	}
	for b := range inOrder {
		<-b.made
		x.take(b)
		free <- b
	}
	group.Wait()
}

// fill reads the next lines into b, and tells whether there were any.
func (b *Block[T]) fill(c *cutter) bool {
	if len(b.buf) != scanBuffer { // new, or blown up by a long line
		b.buf = make([]byte, scanBuffer)
	}
	b.text, b.buf = c.next(b.buf)
	b.cut = *c.cut
	c.cut.follow(b.text)
	return len(b.text) > 0
}
