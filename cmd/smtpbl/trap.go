package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
)

// noteTraps tells on standard error of values that are good one by one and not
// together, and of a file that they name and the service would not start with.
func (a *app) noteTraps(cfg *config.Config) {
	if in := &cfg.Ingest; in.AuthPolicy != "" {
		if _, err := readKey(in.AuthPolicyKeyFile); err != nil && !errors.Is(err, fs.ErrPermission) { // the asker's own trouble
			fmt.Fprintln(a.stderr, "smtpbl: note: the service will not start:", err)
		}
	}
	p := &cfg.Policy
	if p.KnownThreshold == 0 && p.AccountNets > 0 {
		fmt.Fprintln(a.stderr, "smtpbl: note: known_threshold = 0 makes users strangers at their own addresses: while their account is "+
			"attacked from many networks, one wrong password bans them; account_nets = 0 in [policy] goes with it")
	}
}
