package main

import (
	"fmt"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
)

// noteTraps tells on standard error of values that are good one by one and not
// together.
func (a *app) noteTraps(p *config.Policy) {
	if p.KnownThreshold == 0 && p.AccountNets > 0 {
		fmt.Fprintln(a.stderr, "smtpbl: note: known_threshold = 0 makes users strangers at their own addresses: while their account is "+
			"attacked from many networks, one wrong password bans them; account_nets = 0 in [policy] goes with it")
	}
}
