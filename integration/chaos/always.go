package main

import (
	"fmt"
	"net/netip"
	"time"
)

// spared is never banned, although its net is.
var spared = []netip.Addr{host4(254, 7), host6(65_000, 7)}

// config is the service's configuration. Nets are banned by hand only, so that
// every ban is somebody's of whom the test knows.
func (c *campaign) config() string {
	return fmt.Sprintf(`[ingest]
files = ["/var/log/mail.log"]
journal = "off"

[policy]
threshold4 = %d
threshold6 = %d
ban_time = %q
ban_time_max = %q
net4_hosts = 0
net6_hosts = 0
never_ban = [%q, %q]

[nft]
protect_table = %v
kill_sessions = %v
`, failures, failures, logBan, logBan, spared[0], spared[1], c.protected, c.sessions)
}

// banAlways bans for the whole campaign: an address, a net and a /64 of which
// one address is spared, each beside others that are innocent.
func (c *campaign) banAlways() error {
	for _, t := range []target{
		{single(host4(255, 1)), []netip.Addr{host4(255, 1)}, []netip.Addr{host4(255, 2)}},
		{prefix(host4(254, 1), 24), []netip.Addr{host4(254, 1), host4(254, 200)}, spared[:1]},
		{prefix(host6(65_000, 1), 64), []netip.Addr{host6(65_000, 1)}, spared[1:]},
		{prefix(host6(65_002, 1), 64), []netip.Addr{host6(65_002, 1)}, []netip.Addr{host6(65_003, 1)}},
	} {
		if err := c.byHand("add", "--for", (24 * time.Hour).String(), t.prefix.String()); err != nil {
			return err
		}
		a := &trial{target: t, guilty: c.sources.begin(dropped, t.guilty...), others: c.sources.begin(passes, t.bystand...)}
		c.always = append(c.always, a)
	}
	return nil
}
