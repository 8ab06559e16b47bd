package nft

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// TestRulesAreLegible reads back the rules of every configuration, with sets
// that were made on demand, as we wrote them.
func TestRulesAreLegible(t *testing.T) {
	configs := map[string]func(*Config){
		"usual":       func(*Config) {},
		"input":       func(c *Config) { c.Hook = HookInput },
		"ufw":         func(c *Config) { c.Hook, c.Mark, c.MarkMask = HookUFW, 0x5b100000, 0xfff00000 },
		"no log":      func(c *Config) { c.LogRate = 0 },
		"burst":       func(c *Config) { c.LogBurst, c.LogPer = 0, time.Hour },
		"NFLOG group": func(c *Config) { c.NFLogGroup = 5 },
	}
	for name, change := range configs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig()
			change(&cfg)
			table, _ := standingTable(t, cfg)
			apply(t, table, someBans()...)
			if err := table.SetFeed([]netip.Prefix{netip.MustParsePrefix("203.0.113.0/25"), netip.MustParsePrefix("2001:db8:f::/48")}); err != nil {
				t.Fatal(err)
			}
			apply(t, table, ban("192.0.2.64/26", time.Hour))
			wantIntact(t, table, true)
			ensure(t, table)
			wantIntact(t, table, true)
			if !table.legible {
				have, err := table.sock.dumpRules(cfg.Table)
				t.Errorf("the kernel tells the rules otherwise than we do: %x, %v", have, err)
			}
		})
	}
}

// TestChangedPlainSetsAreNoticed takes a port and an allowed address away.
func TestChangedPlainSetsAreNoticed(t *testing.T) {
	allowed := []netip.Prefix{
		netip.MustParsePrefix("198.51.100.0/28"), netip.MustParsePrefix("255.255.255.0/24"), netip.MustParsePrefix("2001:db8::7/128"),
		netip.MustParsePrefix("0.0.0.0/8"),
	}
	for set, el := range map[string]element{
		setPorts:  portElements([]uint16{465})[0],
		setAllow6: {},
	} {
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			table, ns := unprotectedTable(t)
			if err := table.SetAllow(allowed); err != nil {
				t.Fatal(err)
			}
			wantIntact(t, table, true)
			foreign(t, ns, func(b *batch) {
				if el.key.n == 0 {
					b.flushSet("smtpbl", set)
					return
				}
				b.elements(unix.NFT_MSG_DELSETELEM, 0, "smtpbl", set, []element{el})
			})
			wantIntact(t, table, false)
			ensure(t, table)
			wantIntact(t, table, true)
		})
	}
}

// TestReplacedRulesAreNoticed replaces rules by others, so that their number
// stays.
func TestReplacedRulesAreNoticed(t *testing.T) {
	accept := rule{&expr.Verdict{Kind: expr.VerdictAccept}}
	tests := map[string]struct {
		chain string
		rules func(rules []rule) []rule
	}{
		"an accept for the drop":                 {chainLog, func(r []rule) []rule { return append(r[:len(r)-1], accept) }},
		"another set":                            {chainBlacklist, func(r []rule) []rule { return append(r[:len(r)-1], r[len(r)-2]) }},
		"the order of the limits":                {chainLog, func(r []rule) []rule { return []rule{r[1], r[0]} }},
		"nobody is led to the bans at all ports": {chainHook, func(r []rule) []rule { return []rule{r[0], accept, r[2]} }},
		"all allowed":                            {chainAll, func(r []rule) []rule { return append([]rule{accept}, r[1:]...) }},
		"the wrong way round": {chainHook, func(r []rule) []rule {
			ports := append(rule{}, r[len(r)-1]...)
			for i, x := range ports {
				if l, ok := x.(*expr.Lookup); ok {
					inverted := *l
					inverted.Invert = true
					ports[i] = &inverted
				}
			}
			return append(r[:len(r)-1], ports)
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table, ns := unprotectedTable(t)
			apply(t, table, someBans()...)
			rules := ruleset(table.cfg, table.kinds, table.feeds)[tt.chain]
			foreign(t, ns, func(b *batch) {
				b.flushChain("smtpbl", tt.chain)
				for _, r := range tt.rules(rules) {
					if err := b.rule("smtpbl", tt.chain, r); err != nil {
						t.Fatal(err)
					}
				}
			})
			wantIntact(t, table, false)
			ensure(t, table)
			wantIntact(t, table, true)
		})
	}
}
