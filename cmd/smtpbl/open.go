package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"sync"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/exempt"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/postconf"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

// openStore opens the history. Only another process that has it open keeps
// the service from starting: without a history it still protects.
func (s *service) openStore() error {
	if s.dryRun {
		return nil
	}
	st, state, setAside, err := store.Open(s.cfg.StateDir)
	switch {
	case errors.Is(err, store.ErrLocked):
		return withHint(err, "stop the other smtpbl, or give this one its own state_dir and table")
	case err != nil:
		s.warn("history", "the history cannot be opened: bans hold in the kernel, but a reboot would forget them", err)
		return nil
	case setAside != "":
		s.warn("history", "the history was damaged and is set aside: bans in the kernel are kept", errors.New("kept as "+setAside))
	}
	s.store, s.state = st, state
	return nil
}

// openTable opens the way to the kernel's table.
func (s *service) openTable() error {
	if s.dryRun {
		return nil
	}
	t, err := openTable(s.cfg.NFT)
	if err != nil {
		return err
	}
	s.table = t
	s.openWatcher()
	return s.openSessions()
}

// openWatcher listens to what other programs do to the table, where they can do
// anything to it.
func (s *service) openWatcher() {
	if s.cfg.NFT.ProtectTable && s.table.Features().Protect {
		return
	}
	var err error
	if s.watcher, err = s.table.Watch(); err != nil {
		s.warn("watch", "changes by other programs are noticed after a second instead of at once", err)
	}
}

// openSessions opens the way to end connections. A kernel that cannot do it
// costs a warning: the connections of those banned then stall.
func (s *service) openSessions() error {
	if !s.cfg.NFT.KillSessions {
		return nil
	}
	var err error
	s.sessions, err = nft.OpenSessions(s.cfg.NFT.Ports)
	if errors.Is(err, nft.ErrNoSockDestroy) {
		s.warn("sessions", "open connections of banned addresses stall instead of being ended (nft.kill_sessions = false ends this warning)", err)
		return nil
	}
	return err
}

func tableConfig(c config.NFT) nft.Config {
	return nft.Config{
		Table: c.Table, Ports: c.Ports, Hook: nft.Hook(c.Hook), MaxBans: c.MaxBans,
		ElementCounters: c.ElementCounters, Protect: c.ProtectTable,
		LogRate: c.LogRate, LogPer: c.LogPer, LogBurst: c.LogBurst, LogPrefix: c.LogPrefix,
		Mark: c.Mark.Value, MarkMask: c.Mark.Mask, NFLogGroup: c.NFLogGroup,
	}
}

func openTable(c config.NFT) (*nft.Table, error) {
	t, err := nft.Open(tableConfig(c))
	if err != nil {
		return nil, tableError(c.Table, err)
	}
	return t, nil
}

// tableError adds advice to what the kernel said.
func tableError(table string, err error) error {
	err = fmt.Errorf("open table inet %s: %w", table, err)
	switch {
	case errors.Is(err, nft.ErrPermission):
		return withHint(err, "run as root, or give the service CAP_NET_ADMIN (smtpbl unit shows how)")
	case errors.Is(err, nft.ErrNoNFTables):
		return withHint(err, "modprobe nf_tables; in a container the host's kernel must have it")
	case errors.Is(err, nft.ErrOwned):
		return withHint(err, "another smtpbl runs with the same nft.table: stop it, or use smtpbl set … which asks it")
	}
	return err
}

// exemptFile keeps, inside state_dir, what name server and Postfix answered.
const exemptFile = "exempt.json"

// neverBanned is the list of who is never banned, by the configuration and by
// what this machine is, whoever is connected to it now.
func neverBanned(p config.Policy, log *slog.Logger) *exempt.List {
	l := &exempt.List{Prefixes: p.NeverBanPrefixes(), Hosts: p.NeverBanHosts(), Log: log}
	if p.NeverBanMyNetworks {
		// -x puts values in the place of parameters (postconf(1)).
		l.Networks = func(ctx context.Context) (string, error) { return postconf.Command(ctx, "-hx", "mynetworks") }
	}
	return l
}

// openExempt makes the service's list: it spares those who are connected as
// well, and outlives the service.
func (s *service) openExempt(log *slog.Logger) {
	s.exempt = neverBanned(s.cfg.Policy, log)
	if !s.dryRun {
		s.exempt.Memory = filepath.Join(s.cfg.StateDir, exemptFile)
	}
	ports := s.cfg.Policy.NeverBanSSHPorts
	if len(ports) == 0 {
		return
	}
	var err error
	if s.peers, err = nft.OpenPeers(ports); err != nil {
		s.warn("peers", "whoever is logged in at the SSH port can be banned (policy.never_ban_ssh_ports = [] ends this warning)", err)
		return
	}
	s.exempt.Peers = s.peers
}

func (s *service) enforceOptions() enforce.Options {
	o := enforce.Options{Meter: meter{s.metrics}, Log: s.log, MaxBans: s.cfg.NFT.MaxBans, Keep: rememberFor(&s.cfg.Policy)}
	o.Try = s.trial
	o.GaveWay = func(p netip.Prefix) {
		if s.judge != nil { // set before the Enforcer runs
			s.judge.GaveWay(p)
		}
	}
	if s.exempt != nil {
		o.LookAgain, o.LookSoon = s.exempt.LookAgain, s.exempt.LookSoon
	}
	if s.table != nil {
		o.Kernel = s.table
	}
	if s.watcher != nil {
		o.Watcher = s.watcher
	}
	if s.sessions != nil {
		o.Sessions = s.sessions
	}
	if s.store != nil {
		o.History, o.Pardons = s.store, s.store
	}
	return o
}

// warnings are what status shows until the service is started again, by topic.
type warnings struct {
	mu   sync.Mutex
	text map[string]string
}

// warn logs a problem that does not stop the service and keeps it for status.
func (s *service) warn(topic, what string, err error) {
	s.log.Warn("degraded", "what", what, "err", err)
	s.warnings.mu.Lock()
	defer s.warnings.mu.Unlock()
	if s.warnings.text == nil {
		s.warnings.text = map[string]string{}
	}
	s.warnings.text[topic] = fmt.Sprintf("%s: %v", what, err)
}

func (s *service) settled(topic string) {
	s.warnings.mu.Lock()
	defer s.warnings.mu.Unlock()
	delete(s.warnings.text, topic)
}

func (s *service) currentWarnings() []string {
	s.warnings.mu.Lock()
	defer s.warnings.mu.Unlock()
	out := make([]string, 0, len(s.warnings.text))
	for _, w := range s.warnings.text {
		out = append(out, w)
	}
	return out
}
