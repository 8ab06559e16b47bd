package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/postconf"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/postfix"
)

// preparePostfix makes the directory of the sockets, for whom the runtime
// directory belongs to. It is the root step of the unit. Where the configuration
// names no socket there is nothing to do; for a socket elsewhere than in that
// directory nothing is made.
func (a *app) preparePostfix(ctx context.Context, cfg *config.Config, run postconf.Run) error {
	sockets := configuredSockets(&cfg.Postfix)
	if len(sockets) == 0 {
		return nil
	}
	if os.Geteuid() != 0 {
		return withHint(errors.New("only root can prepare the directory of the sockets"), "systemctl restart smtpbl does it")
	}
	dir, err := postfixDirectory(ctx, cfg.RuntimeDir, run)
	if err != nil {
		return fmt.Errorf("prepare the directory of the sockets: %w", err)
	}
	var errs []error
	for _, s := range sockets {
		if fault := misplaced(dir.Queue, s.Path); fault != "" && dir.User != 0 {
			errs = append(errs, withHint(fmt.Errorf("%s: %s", s.Path, fault), "use "+strconv.Quote(suggested(dir.Queue, s.Protocol))))
		}
	}
	inside := func(s postconf.Socket) bool { return filepath.Dir(s.Path) == dir.Path() }
	if slices.ContainsFunc(sockets, inside) {
		changed, err := dir.Make()
		if err == nil && changed {
			_, err = fmt.Fprintf(a.stdout, "%s is there for the sockets: owner %d, group %d\n", dir.Path(), dir.User, dir.Group)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// postfixDirectory finds out where the directory is to be, and for whom.
func postfixDirectory(ctx context.Context, runtimeDir string, run postconf.Run) (*postfix.Directory, error) {
	text, err := run(ctx, "-hx", "queue_directory", "mail_owner")
	if err != nil {
		return nil, err
	}
	queue, owner, ok := strings.Cut(strings.TrimSpace(text), "\n")
	if !ok || !filepath.IsAbs(queue) {
		return nil, fmt.Errorf("postconf tells no queue_directory and mail_owner, but %q", text)
	}
	who, err := user.Lookup(owner)
	if err != nil {
		return nil, fmt.Errorf("find Postfix's group: %w", err)
	}
	group, err := strconv.Atoi(who.Gid)
	if err != nil {
		return nil, fmt.Errorf("find Postfix's group: %w", err)
	}
	d := &postfix.Directory{Queue: filepath.Clean(queue), Group: group}
	info, err := os.Stat(runtimeDir)
	if err != nil {
		return nil, fmt.Errorf("find out whom the service runs as: %w", err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		d.User = int(st.Uid)
	}
	return d, nil
}

// suggested is the socket to configure.
func suggested(queue string, p postfix.Protocol) string {
	name := "policy"
	if p == postfix.Map {
		name = "map"
	}
	return filepath.Join(queue, postfix.DirectoryName, name)
}

// misplaced tells what is wrong with the place of a socket: of the directories in
// the queue all but one are Postfix's own. "" is nothing.
func misplaced(queue, path string) string {
	rest, below := strings.CutPrefix(path, queue+"/")
	if !below || filepath.Dir(rest) == postfix.DirectoryName {
		return ""
	}
	return "the service does not run as root and cannot make a socket in Postfix's own " + filepath.Join(queue, filepath.Dir(rest))
}
