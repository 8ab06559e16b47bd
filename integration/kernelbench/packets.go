package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

const (
	trainLength = 8192 // frames that differ
	runTime     = 5 * time.Millisecond
)

// packetCosts sends packets of all kinds to all holders, in turns.
func (b *bench) packetCosts(ctx context.Context, holders []*holder, n int) error {
	tracks, err := b.layAll(holders, n)
	defer func() {
		for _, t := range tracks {
			t.close()
		}
	}()
	if err != nil {
		return err
	}
	times, err := b.sendAll(ctx, tracks, n)
	if err == nil {
		b.comparePackets(tracks, times, n)
	}
	return err
}

// sendAll returns the nanoseconds for each packet, by track and kind.
func (b *bench) sendAll(ctx context.Context, tracks []*track, n int) (times [][][]float64, err error) {
	trains := make([]*train, len(kinds))
	for k, kind := range kinds {
		if !kind.banned || n > 0 {
			trains[k] = newTrain(trainLength, func(i int) []byte { return kind.frame(i, n) })
		}
	}
	times = make([][][]float64, len(tracks))
	for i := range times {
		times[i] = make([][]float64, len(kinds))
	}
	for range b.packetRuns {
		for i, t := range tracks {
			for k, kind := range kinds {
				if trains[k] == nil || !t.takes(kind) {
					continue
				}
				each, ok, err := b.sendOne(ctx, t, kind, trains[k])
				if err != nil {
					return nil, fmt.Errorf("send to %s: %s: %w", t.name, kind.name, err)
				}
				if ok {
					times[i][k] = append(times[i][k], each)
				}
			}
		}
	}
	return times, nil
}

// sendOne is one run. Not ok is a run in which packets went astray, because the
// processor's queue was full or another processor was to receive them.
func (b *bench) sendOne(ctx context.Context, t *track, k kind, frames *train) (each float64, ok bool, err error) {
	before, err := t.sink.passed()
	if err != nil {
		return 0, false, err
	}
	sent, each, err := b.sender.run(ctx, t.fd, frames, runTime)
	if err != nil {
		return 0, false, err
	}
	after, err := t.sink.passed()
	if err != nil {
		return 0, false, err
	}
	passed := after - before
	if k.banned && !t.bare() {
		if passed > 0 {
			return 0, false, fmt.Errorf("%d of %d banned packets got through", passed, sent)
		}
		return each, true, nil
	}
	return each, passed == uint64(sent), nil
}

// comparePackets enters what each track took longer than the bare one did at
// its best.
func (b *bench) comparePackets(tracks []*track, times [][][]float64, n int) {
	for i, t := range tracks {
		for k, kind := range kinds {
			if t.bare() {
				b.packets.add(t.name, kind.name, times[i][k]...)
			} else if bare := times[base(tracks, t)][k]; len(bare) > 0 {
				b.packets.add(fmt.Sprintf("%s, %s", t.name, count(n)), kind.name, minus(times[i][k], slices.Min(bare))...)
			}
		}
	}
}

// base finds the bare track that is like t.
func base(tracks []*track, t *track) int {
	return slices.IndexFunc(tracks, func(other *track) bool { return other.bare() && other.conntrack == t.conntrack })
}

func minus(list []float64, base float64) []float64 {
	less := make([]float64, len(list))
	for i, v := range list {
		less[i] = v - base
	}
	return less
}
