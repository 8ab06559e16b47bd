package main

import (
	"context"
	"time"
)

// loadAll fills every way with n addresses, several times in turns where that
// does not take too long, and returns those of the first turn.
func (b *bench) loadAll(ctx context.Context, n int) ([]*holder, error) {
	if n >= enoughForKernel {
		settle(ctx)
	}
	began, column := time.Now(), count(n)
	before := kernelMemory()
	holders, err := b.fillAll(ctx, ways(b.options), n, func(h *holder, c cost) {
		after := kernelMemory()
		b.loadTook(h, c)
		if n >= enoughForKernel {
			b.memory.add(h.name, "kernel, B each of "+column, float64(after-before)/float64(n))
		}
		before = kernelMemory()
	})
	if err != nil {
		return holders, err
	}
	for round := 1; round < b.loads && time.Since(began) < b.loadTime; round++ {
		again, err := b.fillAll(ctx, ways(b.options), n, b.loadTook)
		if err = closeAll(again, err); err != nil {
			return holders, err
		}
	}
	return holders, nil
}

// loadTook enters what a bulk load took.
func (b *bench) loadTook(h *holder, c cost) {
	column := count(h.n)
	b.loadTimes.add(h.name, column, milliseconds(c.wall))
	if h.n == 0 {
		return
	}
	b.each[h.name] = c.wall / time.Duration(h.n)
	const megabyte = 1e6 / 1024. // in KiB
	if own := ownRSS(); c.rssKiB > own {
		b.memory.add(h.name, "program, MB for "+column, float64(c.rssKiB)/megabyte)
	} else {
		b.memory.miss(h.name, "program, MB for "+column, "<= "+number(float64(own)/megabyte))
	}
}

// enoughForKernel is from how many addresses on their share of the machine's
// memory is not lost in what else changes meanwhile.
const enoughForKernel = 1_000_000

// fillAll builds those of the ways that can hold n addresses and loads them,
// and tells done of each. Even with an error it returns what was built.
func (b *bench) fillAll(ctx context.Context, list []*way, n int, done func(*holder, cost)) ([]*holder, error) {
	var holders []*holder
	for _, w := range list {
		if err := stopped(ctx); err != nil {
			return holders, err
		}
		if !within(n, w.maxSize) {
			continue
		}
		if b.tools.lacks(w.tool) != "" || b.tooSlow(w, n) {
			continue
		}
		h, err := b.hold(ctx, w)
		if err != nil {
			return holders, err
		}
		holders = append(holders, h)
		if _, ours := h.guard.(*own); n == 0 && !ours {
			continue // most programs refuse an empty list
		}
		c, err := b.fill(ctx, h, n)
		if err != nil {
			return holders, err
		}
		done(h, c)
	}
	return holders, nil
}

// patience is the longest load that is tried.
const patience = time.Minute

// tooSlow tells whether a way will lose patience, judged by its last load.
func (b *bench) tooSlow(w *way, n int) bool {
	if b.each[w.name]*time.Duration(n) <= patience {
		return false
	}
	b.loadTimes.miss(w.name, count(n), "too slow")
	b.loadTimes.note("Not tried is what would take longer than %v by the time for fewer addresses.", patience)
	return true
}

// sayMissing enters why there are no figures of ways whose programs are missing.
func (b *bench) sayMissing(t *table, n int) {
	for _, w := range ways(b.options) {
		if why := b.tools.lacks(w.tool); why != "" && within(n, w.maxSize) {
			t.miss(w.name, count(n), why)
		}
	}
}
