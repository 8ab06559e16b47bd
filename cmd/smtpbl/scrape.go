package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/coverage"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/metrics"
)

// scrape gathers what /metrics asks for. It reads counters only, so its cost
// does not depend on the number of bans.
func (s *service) scrape() metrics.State {
	h := s.enforcer.Health()
	st := metrics.State{
		Wanted: h.Wanted, Enforced: h.Enforced, Active: h.Active, MaxBans: s.cfg.NFT.MaxBans, CheckedAt: h.CheckedAt,
		Tracked: s.judge.Tracked(), Kernel: s.kernelCounters(),
		Copies: s.copies(), Forgotten: s.judge.Forgotten(), Pauses: s.judge.Pauses(),
		Uncovered: s.uncovered.Total(), Postfix: s.postfixCounts(),
		// A dry run has nothing to keep.
		HistoryFailing: !s.dryRun && (s.store == nil || h.History != ""),
	}
	_, st.Paused = s.judge.Paused()
	st.Blocked, st.BlockFaults = s.blockCounts()
	for _, src := range s.sources.stats() {
		st.Sources = append(st.Sources, metrics.Source{
			Name: src.Name, Lines: src.Lines, Bytes: src.Bytes, Rotations: src.Rotations + src.Truncations,
			Errors: src.Errors, LagBytes: src.LagBytes, LagSeconds: src.LagSeconds, Gaps: src.Gaps, Reopens: src.Reopens,
			OverLong: src.OverLong, Refused: src.Refused, Dropped: src.Dropped,
		})
	}
	return st
}

func (s *service) kernelCounters() *metrics.Kernel {
	if s.table == nil {
		return nil
	}
	c, err := s.table.Counters()
	if err != nil {
		s.log.Debug("cannot read the kernel's counters", "err", err)
		return nil
	}
	k := &metrics.Kernel{Seen: c.Seen.Packets, Logged: c.Logged.Packets, LogLimited: c.LogLimited.Packets}
	if s.cfg.NFT.Hook == config.HookUFW {
		k.Harness = &metrics.Harness{Marked: c.Marked.Packets, Unmarked: c.Unmarked.Packets}
	}
	for _, d := range c.Dropped {
		k.Dropped = append(k.Dropped, metrics.Dropped{Family: d.Family, Set: d.Set, Packets: d.Packets, Bytes: d.Bytes})
	}
	return k
}

// listenRetry spaces attempts at a port that somebody else has.
const listenRetry = 30 * time.Second

// serveMetrics serves /metrics. A busy port is told and tried again: mail is
// guarded whether or not anybody can watch. It calls tried after the first attempt.
func (s *service) serveMetrics(ctx context.Context, tried func()) error {
	addr := s.cfg.Metrics.Listen
	if addr == "" {
		return nil
	}
	var lc net.ListenConfig
	for {
		l, err := lc.Listen(ctx, "tcp", addr)
		if err == nil {
			s.settled("metrics")
			tried()
			s.log.Info("serving metrics", "url", fmt.Sprintf("http://%s/metrics", l.Addr()))
			return s.metrics.Serve(ctx, l, s.log)
		}
		if errors.Is(err, unix.EADDRINUSE) {
			err = fmt.Errorf("%w: another program has the port (ss -ltnp shows which); set metrics.listen to a free one", err)
		}
		if ctx.Err() == nil {
			s.warn("metrics", "no metrics are served, mail is guarded all the same", err)
		}
		tried()
		select {
		case <-time.After(listenRetry):
		case <-ctx.Done():
			return nil
		}
	}
}

// status gathers what "smtpbl status" shows.
func (s *service) status() *status {
	h := s.enforcer.Health()
	st := &status{
		Version: version(), Started: s.started, UptimeSeconds: seconds(time.Since(s.started)),
		Table: s.cfg.NFT.Table, Hook: string(s.cfg.NFT.Hook), Ports: s.cfg.NFT.Ports,
		Kernel: s.kernelStatus(), Sources: s.sources.stats(), Tracked: s.judge.Tracked(), Wanted: h.Wanted, Enforced: h.Enforced,
		Sets: h.Active, Recent: append([]enforce.Recent{}, h.Recent...), Warnings: s.currentWarnings(),
		BlockLists: s.blocks.Files(), Uncovered: s.uncovered.Day(), Postfix: s.postfixStatus(),
	}
	if !h.CheckedAt.IsZero() {
		st.CheckedAt = &h.CheckedAt
	}
	if st.Pardons = h.Pardons; h.Pardons > 0 {
		st.PardonEnd = &h.PardonEnd
	}
	if !h.TrialEnd.IsZero() {
		st.Trial = &trialStatus{Until: h.TrialEnd, Bans: h.TrialBans}
	}
	if k := s.kernelCounters(); k != nil {
		st.Dropped = k.Total()
	}
	for what, problem := range map[string]string{"kernel": h.Kernel, "history": h.History} {
		if problem != "" {
			st.Warnings = append(st.Warnings, what+": "+problem)
		}
	}
	for i := range st.Sources {
		if src := &st.Sources[i]; src.Trouble != nil {
			st.Warnings = append(st.Warnings, src.Name+" cannot be read: "+*src.Trouble)
		}
	}
	st.Warnings = append(st.Warnings, s.exempt.Failing()...)
	st.Warnings = append(st.Warnings, s.blockWarnings()...)
	st.Warnings = append(st.Warnings, s.judgeWarnings()...)
	if text := coverage.Warning(st.Uncovered, s.cfg.NFT.Ports, coverage.Listeners()); text != "" {
		st.Warnings = append(st.Warnings, text)
	}
	if h.Pending > 0 {
		st.Warnings = append(st.Warnings, fmt.Sprintf("%d bans are not enforced yet; the kernel is asked again", h.Pending))
	}
	return st
}

// judgeWarnings say what keeps failures from being counted.
func (s *service) judgeWarnings() []string {
	var out []string
	if since, paused := s.judge.Paused(); paused {
		out = append(out, fmt.Sprintf("failed logins are not counted since %s: the mail server cannot check passwords (policy.outage_faults)",
			since.Format(time.TimeOnly)))
	}
	if n := s.judge.Forgotten(); n > 0 {
		out = append(out, fmt.Sprintf("%d addresses with few failures made room for others: raise policy.max_tracked", n))
	}
	return out
}
