package policy

import (
	"testing"
	"time"
)

// TestStampsOfOtherCenturies gives an account tries with stamps as far apart as
// there are, in pieces of time of a second.
func TestStampsOfOtherCenturies(t *testing.T) {
	cfg := rungs
	cfg.Window, cfg.AccountNets, cfg.NetAccounts, cfg.NetFailing = time.Second, 2, 2, 2
	cfg.KnownThreshold, cfg.KnownFor, cfg.OutageFaults = 9, time.Minute, 3
	e := New(cfg, start)
	for _, year := range []int{1900, 2099, 1970, 2099, 2026, 1900, 2200, 2026} {
		at := time.Date(year, 11, 23, 12, 0, 0, 0, time.UTC)
		for n := range uint32(9) {
			e.Observe(&Event{Time: at, Addr: addr4(0xc0000201 + n<<8), Kind: AuthFail, User: []byte("bob")}, nil)
			e.Observe(&Event{Time: at, Addr: addr4(0xc0000202 + n<<8), Kind: AuthOK, User: []byte("bob")}, nil)
			e.Observe(&Event{Time: at, Addr: addr4(0xc0000202 + n<<8), Kind: BackendFault}, nil)
		}
		sound(t, e)
	}
}

// TestAWrongStampDoesNotDisarm gives an account one try that is stamped years
// ahead, by a clock that was wrong for a moment.
func TestAWrongStampDoesNotDisarm(t *testing.T) {
	rung(t, map[string]scenario{
		"an account is still known to be attacked": {func(c *Config) { c.AccountNets = 2 }, `
			90000h fail 192.0.2.1 u=bob
			0s fail 192.0.2.1 u=bob
			1s fail 198.51.100.1 u=bob
			2s fail 203.0.113.1 u=bob
			3s fail 10.0.1.1 u=bob
			4s fail 10.0.2.1 u=bob
			5s fail 10.0.3.1 n=2 u=bob`, []string{
			"5s host 10.0.3.1/32 by account, 2, rank 1, for 10m0s",
		}},
		"nobody is known for years": {func(c *Config) { c.KnownThreshold, c.KnownFor, c.SoftThreshold4 = 9, time.Hour, 0 }, `
			90000h ok 192.0.2.1 u=bob
			0s ok 192.0.2.1 u=bob
			2h fail 192.0.2.1 n=5 u=bob`, []string{
			"2h0m0s host 192.0.2.1/32 by auth_fail, 5, rank 1, for 10m0s",
		}},
	})
}
