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

// The rows that all others are compared with.
const (
	nameBare      = "no rule: the whole way"
	nameBareTrack = "no rule, with conntrack: the whole way"
)

// packetCosts sends packets of all kinds to all holders, in turns.
func (b *bench) packetCosts(ctx context.Context, holders []*holder, n int) (err error) {
	var tracks []*track
	defer func() {
		for _, t := range tracks {
			t.close()
		}
	}()
	bare, err := b.bare(n)
	defer closeNamespaces(bare)
	if err != nil {
		return err
	}
	for i, ns := range bare {
		t, err := b.sender.lay(ns, []string{nameBare, nameBareTrack}[i], i > 0)
		if err != nil {
			return err
		}
		tracks = append(tracks, t)
	}
	for _, h := range holders {
		t, err := b.sender.lay(h.ns, h.name, h.conntrack)
		if err != nil {
			return err
		}
		tracks = append(tracks, t)
		if o, ok := h.guard.(*own); ok {
			t.ours = o
			if err := banNets(o.Table, min(n, bannedNets)); err != nil {
				return err
			}
		}
	}
	times, err := b.sendAll(ctx, tracks, n)
	if err == nil {
		b.comparePackets(tracks, times, n)
	}
	return err
}

// bare makes servers without any ban: one, and where variants are compared one
// more for connection tracking.
func (b *bench) bare(n int) (list []*namespace, err error) {
	servers := 1
	if n == b.variantSize {
		servers = 2
	}
	for range servers {
		ns, err := newNamespace()
		if err != nil {
			return list, err
		}
		list = append(list, ns)
	}
	return list, nil
}

func closeNamespaces(list []*namespace) {
	for _, ns := range list {
		ns.close()
	}
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

// takes tells whether packets of the kind can be told from others: only smtpbl
// has been given networks of IPv6.
func (t *track) takes(k kind) bool {
	return !k.v6 || t.ours != nil || t.bare()
}

func (t *track) bare() bool { return t.name == nameBare || t.name == nameBareTrack }

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
			switch {
			case t.bare():
				b.packets.add(t.name, kind.name, times[i][k]...)
			case t.takes(kind) && len(times[i][k]) > 0:
				best := slices.Min(times[base(tracks, t)][k])
				b.packets.add(fmt.Sprintf("%s, %s", t.name, count(n)), kind.name, minus(times[i][k], best)...)
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
