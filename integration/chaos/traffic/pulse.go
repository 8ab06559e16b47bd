package traffic

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// beat is how often each processor is asked for a sign of life.
	beat = time.Millisecond
	// standstill is how late a beat must be to be remembered.
	standstill = 10 * time.Millisecond
	// askEvery is how often the kernel is asked for something, and slow how long
	// that must take to be remembered.
	askEvery = 20 * time.Millisecond
	slow     = 100 * time.Millisecond
	// remembered bounds how many standstills are kept of each processor.
	remembered = 1000
)

// gap is a time in which a processor ran nothing of ours.
type gap struct{ from, to time.Duration }

// pulse knows when the machine was too busy with others to run us: no program
// can keep a promise of milliseconds then.
type pulse struct {
	mu   sync.Mutex
	gaps [][]gap // by processor; the last are those of the kernel
}

// watch keeps a thread on each processor that we may use, until ctx ends.
func (p *pulse) watch(ctx context.Context, running *sync.WaitGroup, now func() time.Duration) error {
	var mine unix.CPUSet
	if err := unix.SchedGetaffinity(0, &mine); err != nil {
		return fmt.Errorf("list the processors: %w", err)
	}
	var cpus []int
	for cpu := 0; len(cpus) < mine.Count(); cpu++ {
		if mine.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	p.gaps = make([][]gap, len(cpus)+1)
	for n, cpu := range cpus {
		running.Go(func() { p.feel(ctx, cpu, n, now) })
	}
	return nil
}

// ask has the kernel do something again and again.
func (p *pulse) ask(ctx context.Context, something func() error, now func() time.Duration) {
	ticker := time.NewTicker(askEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		began := now()
		if something() != nil {
			return // it cannot tell us anything
		}
		if ended := now(); ended-began > slow {
			p.remember(len(p.gaps)-1, gap{began, ended})
		}
	}
}

// feel sleeps on one processor again and again. The thread ends with it.
func (p *pulse) feel(ctx context.Context, cpu, n int, now func() time.Duration) {
	runtime.LockOSThread()
	var one unix.CPUSet
	one.Set(cpu)
	if unix.SchedSetaffinity(0, &one) != nil {
		return // the processor was taken from us meanwhile
	}
	pause := unix.NsecToTimespec(int64(beat))
	for last := now(); ctx.Err() == nil; {
		_ = unix.Nanosleep(&pause, nil) // a signal only makes it shorter
		at := now()
		if at-last > standstill {
			p.remember(n, gap{last, at})
		}
		last = at
	}
}

func (p *pulse) remember(n int, g gap) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.gaps[n]) == remembered {
		p.gaps[n] = p.gaps[n][remembered/2:]
	}
	p.gaps[n] = append(p.gaps[n], g)
}

// within returns for how long the worst processor stood still between two
// moments.
func (p *pulse) within(from, to time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var worst time.Duration
	for _, gaps := range p.gaps {
		var sum time.Duration
		for _, g := range gaps {
			sum += max(0, min(g.to, to)-max(g.from, from))
		}
		worst = max(worst, sum)
	}
	return worst
}
