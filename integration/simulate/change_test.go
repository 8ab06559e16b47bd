package main

import (
	"testing"
	"time"
)

func TestChanges(t *testing.T) {
	var c changes
	if err := c.Set("account_nets=3, ban_time=24h"); err != nil {
		t.Fatal(err)
	}
	for _, s := range settings(c) {
		if s.Config.BanTime != 24*time.Hour {
			t.Errorf("%s: ban_time is %v", s.Name, s.Config.BanTime)
		}
	}
	if got := settings(c)[1].Config.AccountNets; got != 3 {
		t.Errorf("account_nets is %d", got)
	}
	for _, wrong := range []string{"", "no_key=3", "account_nets", "account_nets=3h", "ban_time=3"} {
		if err := c.Set(wrong); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}
