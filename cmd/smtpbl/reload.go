package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
)

// errReload ends the service to begin again with a new configuration.
var errReload = errors.New("reload")

// reloadsEnv hands the number of reloads to the program's next life, so that
// the counter goes on.
const reloadsEnv = "SMTPBL_RELOADS"

// configEnv hands the configuration that a reload found good to the program's
// next life, in case that the file is changed again before it is read there.
const configEnv = "SMTPBL_CONFIG"

// tableEnv names the table of before to the next life, where that has another
// one. What is in a table drops whether anybody knows of it or not.
const tableEnv = "SMTPBL_TABLE"

// longestEnv is what one variable may hold (MAX_ARG_STRLEN, linux binfmts.h), with
// room for its name.
const longestEnv = 127 << 10

// reloadConfig is loadConfig for the service. After a reload a file with faults is
// no reason to end: the configuration that was checked then is used, and spoilt
// tells of the faults.
func (a *app) reloadConfig(cmd *cobra.Command) (cfg config.Config, spoilt, err error) {
	checked, after := os.LookupEnv(configEnv)
	if err := os.Unsetenv(configEnv); err != nil {
		return cfg, nil, err
	}
	if cfg, err = a.loadConfig(cmd); err == nil || !after {
		return cfg, nil, err
	}
	good, failed := config.Parse(configEnv, []byte(checked))
	if failed != nil {
		return cfg, nil, err
	}
	return good, err, nil
}

// keepChecked hands cfg to the next life, where there is room for it.
func keepChecked(cfg *config.Config) error {
	text := cfg.TOML()
	if len(text) > longestEnv {
		return nil
	}
	return os.Setenv(configEnv, string(text))
}

// catchHangups makes SIGHUP ask for a reload from now on, until the process ends.
// Without, it would end it.
func catchHangups() <-chan os.Signal {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, unix.SIGHUP)
	return hup
}

// watchReload answers SIGHUP. A configuration with faults is told and changes
// nothing. A good one makes the service write its checkpoint and execute
// itself again under the same process id: every key takes effect, no line is
// lost, none counts twice, and the kernel enforces the bans meanwhile.
func (s *service) watchReload(ctx context.Context) error {
	for range reloads() {
		s.metrics.Reload(true)
	}
	if s.spoilt != nil {
		s.refuseConfig(s.spoilt)
	}
	for {
		select {
		case <-s.hup:
			cfg, err := s.load()
			if err == nil {
				err = s.startable(&cfg)
			}
			if err == nil {
				err = errors.Join(keepChecked(&cfg), s.leaveTable(cfg.NFT.Table))
			}
			if err != nil {
				s.refuseConfig(err)
				continue
			}
			s.settled("reload")
			s.log.Info("configuration is good: starting again with it")
			s.tell(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
			return errReload
		case <-ctx.Done():
			return nil
		}
	}
}

// startable tells what would end the next life with cfg at once, though there is
// no fault in cfg itself.
func (s *service) startable(cfg *config.Config) error {
	if !s.dryRun {
		if err := makeRuntimeDir(cfg.RuntimeDir); err != nil {
			return err
		}
	}
	if cfg.Ingest.AuthPolicy == "" {
		return nil
	}
	_, err := readKey(cfg.Ingest.AuthPolicyKeyFile)
	return err
}

// leaveTable has the next life remove the table, if it is to have another one.
func (s *service) leaveTable(next string) error {
	if s.dryRun || next == s.cfg.NFT.Table {
		return nil
	}
	return os.Setenv(tableEnv, s.cfg.NFT.Table)
}

// removeOldTable removes the table of before a reload that brought another
// name, when the bans stand in the new one: it would drop whom nothing shows as
// banned and nothing can let in.
func (s *service) removeOldTable() {
	old := os.Getenv(tableEnv)
	err := os.Unsetenv(tableEnv)
	if old == "" || old == s.cfg.NFT.Table || s.dryRun {
		return
	}
	c := s.cfg.NFT
	c.Table = old
	t, failed := openTable(c)
	if failed == nil {
		failed = errors.Join(t.Delete(), t.Close())
	}
	if err = errors.Join(err, failed); err != nil {
		s.warn("old table", "the table of the old name is still there and drops until its bans end", err)
		return
	}
	s.log.Info("the table of the old name is removed", "table", old)
}

// refuseConfig tells of a configuration that cannot be used.
func (s *service) refuseConfig(err error) {
	s.metrics.Reload(false)
	s.warn("reload", "the new configuration is not used, the old one stays in force", err)
	s.tell("STATUS=the new configuration is not used: " + strings.ReplaceAll(err.Error(), "\n", "; "))
}

// again replaces the program by itself; it returns only where that fails.
func again() error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the program to start again: %w", err)
	}
	if err := os.Setenv(reloadsEnv, strconv.Itoa(reloads()+1)); err != nil {
		return err
	}
	// What is ignored stays so over execve(2), where a handler is lost. The next
	// life catches it before it reads its configuration.
	signal.Ignore(unix.SIGHUP)
	return fmt.Errorf("start %s again: %w", self, unix.Exec(self, os.Args, os.Environ()))
}

func reloads() int {
	n, _ := strconv.Atoi(os.Getenv(reloadsEnv))
	return n
}
