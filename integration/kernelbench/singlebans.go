package main

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// callsPerTurn is how many bans smtpbl makes while another way makes one. The
// programs that ran before it have used the processor's caches by then, as on a
// machine that does something else between two bans.
const callsPerTurn = 10

// taken are the times of the calls of one way, in µs.
type taken struct {
	bans, unbans []float64
	spent        time.Duration
}

// singleBans bans and lifts single addresses, all ways in turns.
func (b *bench) singleBans(ctx context.Context, holders []*holder, n int) error {
	times := make([]taken, len(holders))
	for range b.rounds {
		for i, h := range holders {
			if !within(h.n, h.maxCalls) || times[i].spent > b.spend {
				continue
			}
			if err := times[i].turn(ctx, h); err != nil {
				return fmt.Errorf("ban with %s: %w", h.name, err)
			}
		}
	}
	for i, h := range holders {
		b.bans.add(h.name, count(h.n), times[i].bans...)
		b.unbans.add(h.name, count(h.n), times[i].unbans...)
	}
	b.sayMissing(&b.bans, n)
	return nil
}

func (t *taken) turn(ctx context.Context, h *holder) error {
	calls := 1
	if _, ours := h.guard.(*own); ours {
		calls = callsPerTurn
	}
	began := time.Now()
	for range calls {
		if err := stopped(ctx); err != nil {
			return err
		}
		addr := address(h.next)
		h.next++
		took, err := timed(ctx, addr, h.ban)
		if err != nil {
			return err
		}
		t.bans = append(t.bans, took)
		if took, err = timed(ctx, addr, h.unban); err != nil {
			return err
		}
		t.unbans = append(t.unbans, took)
	}
	t.spent += time.Since(began)
	return nil
}

// timed returns how long one call took, in µs.
func timed(ctx context.Context, addr netip.Addr, call func(context.Context, netip.Addr) error) (float64, error) {
	began := time.Now()
	err := call(ctx, addr)
	return microseconds(time.Since(began)), err
}
