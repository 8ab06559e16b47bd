package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/integration/chaos/traffic"
	"github.com/smtpbl/smtpbl/integration/lab"
	"github.com/smtpbl/smtpbl/nft"
)

// options say what is to be done.
type options struct {
	protected bool // protect_table
	sessions  bool // kill_sessions
	faults    int
	only      string // part of the names of the faults that come
	seed      uint64
	// grace is how long the service may take: to enforce what it was told, to
	// let go what has ended, and to heal what others broke.
	grace time.Duration
	// say reports progress.
	say func(format string, args ...any)
}

// campaign is one run of faults against one service.
type campaign struct {
	options
	ctx context.Context
	lab *lab.Lab
	// dice decides on the faults, life on the trials, so that the faults are
	// the same for the same seed.
	dice, life *rand.Rand
	machine    *traffic.Machine
	sources    *sources
	judge      *judge
	service    *lab.Service
	logs       []*lab.Log // of all its lives
	reader     *nft.Reader
	trials     []*trial
	always     []*trial  // banned from the beginning to the end
	wanted     []nft.Key // the bans that may stand, in every layer
	tried      [4]int    // targets by sort
	changes    int       // by hand
	metrics    map[string]float64
	unscraped  int // lives of the service that could not be asked
}

const (
	// concurrent is how many trials there are at a time.
	concurrent = 12
	// rhythm is how often each address sends.
	rhythm = 5 * time.Millisecond
	// quiet is how long the traffic runs before the first fault: what is
	// wrong then is the test's own fault.
	quiet = time.Second
)

// run deals the faults and returns what came of them.
func run(ctx context.Context, l *lab.Lab, o options) (*result, error) {
	c := &campaign{
		options: o, ctx: ctx, lab: l, metrics: map[string]float64{},
		dice: rand.New(rand.NewPCG(o.seed, 1)), life: rand.New(rand.NewPCG(o.seed, 2)),
	}
	if err := c.begin(); err != nil {
		if c.machine != nil {
			_, stopErr := c.machine.Stop()
			err = errors.Join(err, stopErr)
		}
		return nil, errors.Join(err, c.end())
	}
	began := time.Now()
	err := c.deal()
	if err == nil {
		err = c.finish()
	}
	took := time.Since(began)
	stats, stopErr := c.machine.Stop()
	if err = errors.Join(err, stopErr, c.end()); err != nil {
		return nil, fmt.Errorf("seed %d, step %d: %w\n%s", o.seed, len(c.judge.faults), err, lastLines(c.service.Log.String()))
	}
	return &result{campaign: c, stats: stats, took: took}, nil
}

func lastLines(text string) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}

// begin starts the service, the traffic and the first trials.
func (c *campaign) begin() error {
	if err := errors.Join(clean(), writeRules(), c.start()); err != nil {
		return err
	}
	if err := c.lab.MX.Do(func() (err error) {
		c.reader, err = nft.OpenReadOnly(nft.Config{Table: lab.TableName})
		return err
	}); err != nil {
		return err
	}
	var err error
	if c.machine, err = traffic.Start(traffic.Config{
		Do: c.lab.Attacker.Do, Server4: lab.Server4, Server6: lab.Server6,
		Ports: []uint16{lab.PortSMTP, lab.PortSMTPS, lab.PortSubmission}, Every: rhythm, Kernel: c.canary,
	}); err != nil {
		return err
	}
	c.sources = newSources(c.machine)
	c.judge = &judge{grace: c.grace, stalled: c.machine.Stalled, strict: c.protected, source: c.sources.get, judged: map[verdict]int{}}
	if err := errors.Join(c.warm(), c.banAlways()); err != nil {
		return err
	}
	for range concurrent {
		c.trials = append(c.trials, c.newTrial())
	}
	c.wait(quiet)
	return c.ctx.Err()
}

// clean removes what an earlier campaign left.
func clean() error {
	for _, pattern := range []string{lab.StateDir + "/*", lab.MailLog + "*"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return fmt.Errorf("find old files: %w", err)
		}
		for _, name := range names {
			if err := os.RemoveAll(name); err != nil {
				return fmt.Errorf("remove an old file: %w", err)
			}
		}
	}
	if err := os.WriteFile(lab.MailLog, nil, 0o644); err != nil {
		return fmt.Errorf("begin a mail log: %w", err)
	}
	return nil
}

// deal deals one fault after the other.
func (c *campaign) deal() error {
	for step := 1; step <= c.faults && c.ctx.Err() == nil; step++ {
		k := c.choose()
		if k.calm && !c.protected {
			c.wait(2 * c.grace)
		}
		if err := c.step(step, k); err != nil {
			return err
		}
		c.settle()
		if step%max(c.faults/10, 1) == 0 {
			c.say("%d of %d faults, %d violations", step, c.faults, len(c.judge.violations))
		}
	}
	return c.ctx.Err()
}

// settle judges the packets that had time enough to be answered, and tells the
// first that should not have been, or should have.
func (c *campaign) settle() {
	before := len(c.judge.violations)
	c.judge.take(c.machine.Take(c.machine.Now() - patience))
	if before == 0 && len(c.judge.violations) > 0 {
		c.say("step %d: %s", len(c.judge.faults), c.judge.violations[0])
	}
}

// step deals a fault; sometimes while a ban is being changed.
func (c *campaign) step(step int, k *kind) error {
	f := &fault{step: step, kind: k, began: c.machine.Now()}
	c.judge.faults = append(c.judge.faults, f)
	c.list()
	var err error
	if !k.calm && c.dice.IntN(4) == 0 {
		ended := make(chan error, 1)
		go func() { ended <- c.strike(f) }()
		err = c.tend()
		err = errors.Join(<-ended, err)
	} else {
		err = errors.Join(c.strike(f), c.tend())
	}
	c.rest()
	return err
}

// list lists the bans that may stand, for the faults that are aimed at one:
// the trials change while a fault is dealt.
func (c *campaign) list() {
	c.wanted = c.wanted[:0]
	for _, t := range slices.Concat(c.trials, c.always) {
		c.wanted = append(c.wanted, nft.Key{Layer: nft.LayerPolicy, Prefix: t.prefix}, nft.Key{Layer: nft.LayerManual, Prefix: t.prefix})
	}
}

func (c *campaign) strike(f *fault) error {
	err := f.kind.deal(c)
	f.done = c.machine.Now()
	switch {
	case errors.Is(err, errRefused):
		f.outcome = refused
	case errors.Is(err, errMissed):
		f.outcome = missed
	case err != nil:
		return fmt.Errorf("%s: %w", f.kind.name, err)
	}
	return nil
}

// rest is the pause after a fault: mostly so long that it must be healed,
// sometimes so short that the next one comes meanwhile. A protected table has
// nothing to heal.
func (c *campaign) rest() {
	switch {
	case c.protected:
		c.moment(10 * time.Millisecond)
	case c.dice.IntN(5) == 0:
		c.moment(c.grace)
	default:
		c.wait(c.grace)
		c.moment(c.grace)
	}
}

// finish waits until the last packets can be judged.
func (c *campaign) finish() error {
	c.wait(patience + 2*c.grace)
	c.settle()
	c.count()
	return c.agrees()
}

// end stops the service and removes its table.
func (c *campaign) end() error {
	var errs []error
	if c.service != nil {
		errs = append(errs, c.service.Kill())
	}
	if c.reader != nil {
		errs = append(errs, c.reader.Close())
	}
	return errors.Join(append(errs, c.lab.DeleteTable())...)
}
