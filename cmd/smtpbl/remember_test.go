package main

import (
	"math"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
)

func TestRememberFor(t *testing.T) {
	const day = 24 * time.Hour
	tests := map[string]struct {
		p    config.Policy
		want time.Duration
	}{
		// 4h, 8h … 512h, 720h: the ninth ban is the longest.
		"the defaults": {config.Default().Policy, 9 * 168 * time.Hour},
		"no decay":     {config.Policy{BanTime: time.Hour, BanTimeMax: 30 * day}, 30 * day},
		"one length":   {config.Policy{BanTime: day, BanTimeMax: day, BanDecay: 7 * day}, 7 * day},
		"exactly twice": {
			config.Policy{BanTime: day, BanTimeMax: 2 * day, BanDecay: 7 * day}, 14 * day,
		},
		"quick decay": {config.Policy{BanTime: day, BanTimeMax: 2 * day, BanDecay: time.Minute}, 2 * day},
		"a net's first ban is shorter": {
			config.Policy{BanTime: day, NetTime: day / 4, BanTimeMax: day, BanDecay: 7 * day}, 21 * day,
		},
	}
	for name, tt := range tests {
		if got := rememberFor(&tt.p); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// TestRememberForTheLongest takes the widest limits of the configuration.
func TestRememberForTheLongest(t *testing.T) {
	const year = 366 * 24 * time.Hour
	p := config.Policy{BanTime: time.Second, BanTimeMax: 10 * year, BanDecay: year}
	if got := rememberFor(&p); got < 28*year || got > 31*year {
		t.Errorf("remembers for %v", got)
	}
	p.BanTime, p.BanTimeMax, p.BanDecay = 1, math.MaxInt64, time.Second
	if got := rememberFor(&p); got != math.MaxInt64 {
		t.Errorf("remembers for %v", got)
	}
}
