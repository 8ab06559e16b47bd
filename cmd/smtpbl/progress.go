package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// progress shows on a terminal how far the reading of logs has come. It counts
// the files' own bytes, of compressed logs the compressed ones. A nil progress
// shows nothing. It is not worth the libraries that draw such bars: the known
// one brings tables of Unicode and terminal colours into a service of root's.
type progress struct {
	out   io.Writer
	begin time.Time
	total int64 // bytes, 0 where it is not known

	mu      sync.Mutex   // guards what follows, and out
	done    int64        // bytes of the logs before
	offset  func() int64 // in the log that is read now, or nil
	stopped chan struct{}
	group   sync.WaitGroup
}

// progressEvery is how often the line is drawn anew.
const progressEvery = 200 * time.Millisecond

// progress returns what shows the progress on the terminal. There is none
// where nobody looks, where a pipe takes the output, for then the reader at its
// other end writes to the terminal too, and where events are printed there.
func (a *app) progress(events bool) *progress {
	out, ok := a.stdout.(*os.File)
	if !ok || !isTerminal(a.stderr) || events && isTerminal(out) {
		return nil
	}
	if st, err := out.Stat(); err != nil || !st.Mode().IsRegular() && !isTerminal(out) {
		return nil
	}
	return &progress{out: a.stderr}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// start begins to show the reading of files.
func (p *progress) start(files []string) {
	if p == nil {
		return
	}
	p.begin, p.stopped = time.Now(), make(chan struct{})
	for _, name := range files {
		st, err := os.Stat(name)
		if name == "-" || err == nil && !st.Mode().IsRegular() {
			p.total = 0
			break
		}
		if err == nil {
			p.total += st.Size()
		}
	}
	p.group.Go(p.draw)
}

// reads says how to learn how far the reading of the next log has come; nil
// is none.
func (p *progress) reads(offset func() int64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = p.sum()
	p.offset = offset
}

// sum is how many bytes have been read.
func (p *progress) sum() int64 {
	if p.offset == nil {
		return p.done
	}
	return p.done + p.offset()
}

// clear lets f write to the terminal in place of the bar.
func (p *progress) clear(f func()) {
	if p != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		fmt.Fprint(p.out, "\r\x1b[K")
	}
	f()
}

// stop takes the bar away.
func (p *progress) stop() {
	if p == nil {
		return
	}
	close(p.stopped)
	p.group.Wait()
	p.clear(func() {})
}

func (p *progress) draw() {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.stopped:
			return
		case <-tick.C:
		}
		p.mu.Lock()
		fmt.Fprint(p.out, "\r", progressLine(p.sum(), p.total, time.Since(p.begin)), "\x1b[K")
		p.mu.Unlock()
	}
}

const barWidth = 30

// progressLine is the bar with rate and remaining time; where the total is not
// known, how much was read.
func progressLine(done, total int64, took time.Duration) string {
	const mega = 1e6
	rate := float64(done) / max(took.Seconds(), 0.001)
	if total <= 0 || done <= 0 {
		return fmt.Sprintf("%.0f MB read, %.0f MB/s", float64(done)/mega, rate/mega)
	}
	done = min(done, total) // the log may grow meanwhile
	bar := strings.Repeat("#", int(barWidth*done/total))
	left := time.Duration(float64(total-done) / rate * float64(time.Second))
	return fmt.Sprintf("[%-*s] %3d %%  %.0f of %.0f MB  %.0f MB/s  %s left",
		barWidth, bar, 100*done/total, float64(done)/mega, float64(total)/mega, rate/mega, left.Round(time.Second))
}
