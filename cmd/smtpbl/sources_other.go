package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/pipeline"
	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/ingest/authpolicy"
	"github.com/smtpbl/smtpbl/ingest/parse"
	"github.com/smtpbl/smtpbl/policy"
)

// lines is a source of log lines.
type lines interface {
	Run(ctx context.Context, h ingest.Handler) error
	Ready() <-chan struct{}
	Stats() ingest.Stats
	String() string
}

// lineSource makes a source of one that reads lines.
type lineSource struct{ lines }

// Run hands the lines to h until ctx ends.
func (s lineSource) Run(ctx context.Context, h *pipeline.Collector) error { return s.lines.Run(ctx, h) }

// others are the sources that the configuration adds to files and journal.
func (x *sources) others() ([]source, error) {
	var list []source
	if in := &x.svc.cfg.Ingest; len(in.Syslog) > 0 {
		x.svc.log.Info("listening for syslog messages", "listen", strings.Join(in.Syslog, " "))
		list = append(list, lineSource{ingest.NewSyslog(ingest.SyslogConfig{
			Listen: in.Syslog, Stamp: parse.Stamp, Logger: x.svc.log,
		})})
	}
	if x.svc.cfg.Ingest.AuthPolicy == "" {
		return list, nil
	}
	p, err := x.authPolicy()
	if err != nil {
		return nil, err
	}
	return append(list, p), nil
}

// policySource is Dovecot, which reports logins itself.
type policySource struct {
	*authpolicy.Server
	collector *pipeline.Collector
}

// authPolicy makes the server that Dovecot reports to and asks.
func (x *sources) authPolicy() (source, error) {
	in := &x.svc.cfg.Ingest
	key, err := readKey(in.AuthPolicyKeyFile)
	if err != nil {
		return nil, err
	}
	s := &policySource{}
	s.Server, err = authpolicy.New(authpolicy.Config{
		Listen: in.AuthPolicy, Key: key, Logger: x.svc.log, Refuse: x.refuse, Report: s.report,
	})
	if err != nil {
		return nil, err
	}
	x.svc.log.Info("answering Dovecot's auth policy requests", "listen", in.AuthPolicy)
	return s, nil
}

// Run takes what Dovecot reports until ctx ends.
func (s *policySource) Run(ctx context.Context, h *pipeline.Collector) error {
	s.collector = h
	return s.Server.Run(ctx)
}

func (s *policySource) report(_ context.Context, ev *policy.Event) {
	s.collector.Event(ev)
	s.collector.Done(ingest.Position{Source: s.String()})
}

// refuse tells whether the Engine holds an address for banned.
func (x *sources) refuse(ctx context.Context, addr netip.Addr) bool {
	banned := false
	err := x.svc.judge.Ask(ctx, func(e *policy.Engine) { banned = e.Banned(addr, time.Now()) })
	return err == nil && banned // who is not answered in time may try
}

// readKey reads the key of the auth policy protocol from a file that only its
// owner may read.
func readKey(name string) (key string, err error) {
	defer func() {
		if err != nil {
			err = withHint(fmt.Errorf("read auth_policy_key_file: %w", err), keyHint(name))
		}
	}()
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("others than its owner may read %s (mode %04o)", name, info.Mode().Perm())
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	if text = bytes.TrimSpace(text); len(text) < authpolicy.MinKey {
		return "", fmt.Errorf("the key in %s has %d characters, and %d are needed", name, len(text), authpolicy.MinKey)
	}
	return string(text), nil
}

// keyHint tells how to make the file of the key, for the user of the service.
func keyHint(name string) string {
	hint := "umask 077; openssl rand -hex 24 > " + name
	if u, err := user.Current(); err == nil && os.Geteuid() != 0 {
		hint += "; chown " + u.Username + " " + name
	}
	return hint
}

// detectors compiles those of a configuration that was checked.
func detectors(in *config.Ingest) ([]*parse.Detector, error) {
	list := make([]*parse.Detector, len(in.Detectors))
	errs := make([]error, len(in.Detectors))
	for i := range in.Detectors {
		list[i], errs[i] = in.Detectors[i].Compile()
	}
	return list, errors.Join(errs...)
}
