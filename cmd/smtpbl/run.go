package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/blocklist"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/coverage"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/evidence"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/exempt"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/journal"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/knock"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/pipeline"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/postfix"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/ingest/parse"
	"github.com/smtpbl/smtpbl/metrics"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

func (a *app) runCommand() *cobra.Command {
	var dryRun, verbose bool
	var trial time.Duration
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Follow the mail log, decide, ban, serve /metrics",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkTrial(cmd, trial, dryRun); err != nil {
				return err
			}
			if err := forbidDumps(); err != nil {
				return err
			}
			hup := catchHangups() // before the file is read, so that none asks for another one in vain
			cfg, spoilt, err := a.reloadConfig(cmd)
			if err != nil {
				return err
			}
			load := func() (config.Config, error) { return a.loadConfig(cmd) }
			err = a.serve(cmd.Context(), cfg, load, runMode{dryRun, trial, hup, spoilt}, a.logger(verbose))
			if errors.Is(err, errReload) {
				return again()
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "decide and say, touch no firewall and keep no state")
	cmd.Flags().DurationVar(&trial, "trial", 0, "lift all bans of this run after so long, such as 10m, unless smtpbl confirm is given")
	cmd.Flags().BoolVar(&verbose, "verbose", false, "log details for debugging")
	return cmd
}

// runMode is how in earnest the service bans, and what asks it to begin again.
type runMode struct {
	dryRun bool
	trial  time.Duration // 0 is none
	hup    <-chan os.Signal
	spoilt error // why the file is not the configuration, after a reload
}

func (a *app) logger(verbose bool) *slog.Logger {
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	opts := &slog.HandlerOptions{Level: level}
	if a.toJournal() {
		return slog.New(journal.NewHandler(a.stderr, opts))
	}
	return slog.New(slog.NewTextHandler(a.stderr, opts))
}

// service is the running program: everything the rooms need of each other.
type service struct {
	cfg      config.Config
	load     func() (config.Config, error) // reads the configuration anew
	log      *slog.Logger
	dryRun   bool
	hup      <-chan os.Signal // asks for a reload
	spoilt   error            // what is wrong with the file that a reload was to bring
	started  time.Time
	table    *nft.Table    // nil in a dry run
	watcher  *nft.Watcher  // nil where no other program can change the table
	sessions *nft.Sessions // nil where connections are not ended
	peers    *nft.Peers    // nil where nobody is spared for a connection
	store    *store.Store
	state    store.State
	trial    *enforce.Trial // that the service began with; nil in earnest
	metrics  *metrics.Metrics
	exempt   *exempt.List
	blocks   *blocklist.List

	engine     *policy.Engine
	detectors  []*parse.Detector
	enforcer   *enforce.Enforcer
	judge      *pipeline.Judge
	uncovered  *coverage.Count
	sources    *sources
	postfix    []*postfix.Server
	doors      doors
	warnings   warnings
	drops      *nft.Drops // nil where dropped packets are not copied
	dropsEnded atomic.Bool
	knocks     *knock.Tally
}

// serve builds the service, runs it until ctx ends, and takes it apart again
// in the order ingest, policy, nft. The table stays and goes on dropping.
func (a *app) serve(ctx context.Context, cfg config.Config, load func() (config.Config, error), mode runMode, log *slog.Logger) error {
	s := &service{cfg: cfg, load: load, log: log, dryRun: mode.dryRun, hup: mode.hup, spoilt: mode.spoilt, started: time.Now(), metrics: metrics.New(version())}
	boundGarbage()
	log.Info("starting", "version", version(), "dry_run", mode.dryRun)
	release, err := s.claim()
	if err != nil {
		return err
	}
	defer release()
	if err := s.build(ctx, mode.trial); err != nil {
		return errors.Join(err, s.close())
	}
	s.removeOldTable()
	err = s.work(ctx)
	if errors.Is(err, errReload) {
		err = errors.Join(err, s.handOver())
	}
	return errors.Join(err, s.close())
}

// claim makes sure that no second service works on the same runtime_dir.
func (s *service) claim() (release func(), err error) {
	if s.dryRun {
		return func() {}, nil
	}
	if err := makeRuntimeDir(s.cfg.RuntimeDir); err != nil {
		return nil, err
	}
	return lock(s.cfg.RuntimeDir)
}

// build opens and restores everything up to the point where lines can flow.
func (s *service) build(ctx context.Context, trial time.Duration) error {
	var err error
	if s.detectors, err = detectors(&s.cfg.Ingest); err != nil {
		return err
	}
	if err := s.openStore(); err != nil {
		return err
	}
	s.openTrial(trial)
	if err := s.openTable(); err != nil {
		return err
	}
	s.openDrops()
	s.openExempt(s.log)
	exemptions, err := s.exempt.Current(ctx)
	if err != nil {
		return err
	}
	s.engine = newEngine(rungs(&s.cfg), s.started)
	s.engine.SetExempt(exemptions)
	s.enforcer = enforce.New(s.enforceOptions())
	err = s.enforcer.Restore(exempt.Prefixes(exemptions), func(r *store.Record) { pipeline.Recall(s.engine, r) })
	if err != nil {
		return fmt.Errorf("restore the bans: %w", err)
	}
	if s.trial != nil {
		s.trial.Bans, s.trial.Mark, s.trial.Evidence = nil, nil, nil // the Enforcer's now, and maybe large
	}
	for p, until := range s.enforcer.Pardoned() {
		s.engine.Pardon(p, until)
	}
	s.openBlocks()
	s.loadWindow()
	s.judge = pipeline.NewJudge(s.engine, s.enforcer, s.metrics, s.state.Positions, s.log)
	s.keepWindows()
	s.uncovered = coverage.NewCount(s.cfg.NFT.Ports, time.Now)
	s.judge.Watch(func(ev *policy.Event) {
		s.uncovered.Observe(ev)
		if ev.Kind == policy.AuthFail {
			s.exempt.LookSoon() // who fails may be banned soon
		}
	})
	if err := countsOwnRefusals(&s.cfg); err != nil {
		s.warn("postfix action", "clients at the soft step earn a ban with each attempt", err)
	}
	s.postfix = s.postfixServers()
	s.judge.KeepEvidence(evidence.NewRing(s.cfg.Policy.CountAbuse))
	s.metrics.Preset(metrics.Labels{
		Services: names(policy.Services), Kinds: names(policy.Kinds), Refusals: texts(policy.Refusals), Heals: enforce.HealCauses,
	})
	s.metrics.Attach(s.scrape)
	return nil
}

func newEngine(p *config.Policy, start time.Time) *policy.Engine {
	return policy.New(policy.Config{
		Window: p.Window, CountAbuse: p.CountAbuse, Threshold4: p.Threshold4, Threshold6: p.Threshold6,
		BanTime: p.BanTime, BanTimeMax: p.BanTimeMax, Net4Hosts: p.Net4Hosts, Net6Hosts: p.Net6Hosts,
		NetTime: p.NetTime, BanExtra: p.BanExtra, BanDecay: p.BanDecay,
		SoftThreshold4: p.SoftThreshold4, SoftThreshold6: p.SoftThreshold6, SoftTime: p.SoftTime,
		AllPorts4: p.AllPorts4, AllPorts6: p.AllPorts6, AllPortsTime: p.AllPortsTime,
		KnownThreshold: p.KnownThreshold, KnownFor: p.KnownFor, AccountNets: p.AccountNets, AccountTime: p.AccountTime, NetAccounts: p.NetAccounts, NetFailing: p.NetFailing,
		Honeypots: p.Honeypots, OutageFaults: p.OutageFaults, MaxTracked: p.MaxTracked, Secret: tableSecret(),
	}, start)
}

// work runs all tasks. The Judge outlives the sources and the Enforcer the
// Judge, so that what was read is decided and what was decided takes effect.
func (s *service) work(ctx context.Context) error {
	stopping := ctx
	enforcing, stopEnforcer := outlive(ctx, s.enforcer.Run)
	judging, stopJudge := outlive(ctx, s.judge.Run)
	tasks, ctx := errgroup.WithContext(ctx)
	task := func(name string, run func(context.Context) error) {
		tasks.Go(func() error {
			if err := run(ctx); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	door := func(name string, serve func(ctx context.Context, tried func()) error) {
		tried := s.doors.add()
		task(name, func(ctx context.Context) error {
			defer tried()
			return serve(ctx, tried)
		})
	}
	s.sources = newSources(s)
	task("read logs", s.sources.run)
	task("watch own addresses", s.watchExempt)
	task("watch block lists", s.watchBlocks)
	task("watch the harness", s.watchHarness)
	door("serve metrics", s.serveMetrics)
	for _, server := range s.postfix {
		door("answer Postfix", server.Run)
	}
	if !s.dryRun {
		door("answer commands", s.serveControl)
	}
	task("tell systemd", s.notify) // after all doors
	task("reload", s.watchReload)
	if s.drops != nil {
		task("read dropped packets", s.readDrops)
	}
	if s.trial != nil {
		task("trial", s.watchTrial)
	}
	err := tasks.Wait()
	stopJudge()
	<-judging
	if stopping.Err() != nil && errors.Is(err, errReload) {
		err = nil // told to stop as well, which counts
	}
	err = s.leaveTrial(err)
	stopEnforcer()
	<-enforcing
	s.log.Info("stopped", "bans", s.enforcer.Health().Wanted, "enforced_until_they_end", !s.dryRun)
	return err
}

// outlive runs f in a goroutine until stop is called, whatever becomes of ctx.
func outlive(ctx context.Context, f func(context.Context) error) (done <-chan struct{}, stop func()) {
	ctx, stop = context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = f(ctx) // ends without an error when told to stop
	}()
	return ended, stop
}

// watchExempt keeps the Engine and the kernel informed of the addresses that
// are never banned.
func (s *service) watchExempt(ctx context.Context) error {
	return s.exempt.Watch(ctx, func(now []policy.Exemption) bool {
		s.log.Info("addresses that are never banned have changed", "addrs", len(now))
		_ = s.judge.Tell(ctx, func(e *policy.Engine) { e.SetExempt(now) })
		// What comes after a ban waits until whoever is spared is.
		var err error
		if s.enforcer.Ask(ctx, func(e *enforce.Enforcer) { err = e.Allow(exempt.Prefixes(now)) }) != nil {
			return false // the service stops
		}
		if err != nil {
			s.warn("allow", "the kernel does not know all addresses that are never banned", err)
			return false
		}
		s.settled("allow")
		return true
	})
}

func (s *service) close() error {
	var errs []error
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.sessions != nil {
		errs = append(errs, s.sessions.Close())
	}
	if s.peers != nil {
		errs = append(errs, s.peers.Close())
	}
	if s.drops != nil {
		errs = append(errs, s.drops.Close())
	}
	if s.watcher != nil {
		errs = append(errs, s.watcher.Close())
	}
	if s.table != nil {
		errs = append(errs, s.table.Close())
	}
	return errors.Join(errs...)
}
