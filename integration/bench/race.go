package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// race says how contenders are run.
type race struct {
	runs int
	slow time.Duration // whoever needs longer runs once
	core int
	dir  string
}

// result is all that one contender did.
type result struct {
	*contender
	runs   []measured // empty: not installed
	answer answer
}

// measured is one run.
type measured struct {
	wall, cpu time.Duration
	rssKiB    int64
}

// run lets all contenders read log in turns, so that what else the machine
// does hits all alike.
func (r *race) run(ctx context.Context, field []contender, log string) ([]result, error) {
	results := make([]result, len(field))
	for i := range field {
		results[i].contender = &field[i]
	}
	for round := range r.runs {
		for i := range results {
			res := &results[i]
			if len(res.argv) == 0 || round > 0 && res.runs[0].wall > r.slow {
				continue
			}
			if err := r.turn(ctx, res, log); err != nil {
				return nil, fmt.Errorf("run %s: %w", res.name, err)
			}
		}
	}
	return results, nil
}

// turn runs one contender once. Its output goes to a file, because some
// programs do less when it goes to /dev/null.
func (r *race) turn(ctx context.Context, res *result, log string) error {
	name := filepath.Join(r.dir, "output")
	m, err := r.measure(ctx, res.contender, log, name)
	if err != nil {
		return err
	}
	res.runs = append(res.runs, m)
	out, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("read its output: %w", err)
	}
	defer func() { _ = out.Close() }()
	res.answer, err = res.contender.answer(out)
	return err
}
