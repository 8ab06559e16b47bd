package nft

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// TestRules has another implementation read the rules back from the kernel and
// compares them with those that were meant.
func TestRules(t *testing.T) {
	for _, hook := range []Hook{HookPrerouting, HookInput, HookUFW} {
		t.Run(string(hook), func(t *testing.T) {
			t.Parallel()
			cfg := testConfig()
			cfg.Hook, cfg.NFLogGroup = hook, 5
			table, ns := standingTable(t, cfg)
			apply(t, table, someBans()...)
			conn, err := nftables.New(nftables.WithNetNSFd(ns.FD()))
			if err != nil {
				t.Fatal(err)
			}
			want := ruleset(cfg, table.kinds, table.feeds)
			for _, chain := range listChains(t, conn) {
				got, err := conn.GetRules(chain.Table, chain)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want[chain.Name], expressions(got), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("rules of %s (-want +got):\n%s", chain.Name, diff)
				}
				delete(want, chain.Name)
			}
			for name := range want {
				t.Errorf("chain %s is missing", name)
			}
		})
	}
}

func listChains(t *testing.T, conn *nftables.Conn) []*nftables.Chain {
	t.Helper()
	chains, err := conn.ListChains()
	if err != nil {
		t.Fatal(err)
	}
	return chains
}

// expressions takes the expressions out of rules, as they were sent: on the
// way, the kernel tells the level of a log that was left at its default.
func expressions(rules []*nftables.Rule) []rule {
	list := make([]rule, 0, len(rules))
	for _, r := range rules {
		for _, x := range r.Exprs {
			if log, ok := x.(*expr.Log); ok {
				log.Level, log.Key = 0, log.Key&^(1<<5)
			}
		}
		list = append(list, r.Exprs)
	}
	return list
}
