package main

import (
	"fmt"

	"github.com/google/nftables"
)

// canary builds a table on another host and takes it away again. The kernel
// destroys what was deleted later, in a queue that all programs share, and a
// socket that is closed meanwhile holds the lock that every change of the
// network's tables needs (nft_rcv_nl_event in net/netfilter/nf_tables_api.c).
// Where others delete sets by the million, that can take seconds.
func (c *campaign) canary() error {
	return c.lab.Neighbour.Do(func() error {
		conn, err := nftables.New()
		if err != nil {
			return fmt.Errorf("open nftables: %w", err)
		}
		table := conn.AddTable(&nftables.Table{Name: "canary", Family: nftables.TableFamilyINet})
		conn.AddChain(&nftables.Chain{
			Name: "in", Table: table, Type: nftables.ChainTypeFilter,
			Hooknum: nftables.ChainHookInput, Priority: nftables.ChainPriorityFilter,
		})
		if err := conn.Flush(); err != nil {
			return fmt.Errorf("build a table: %w", err)
		}
		conn.DelTable(table)
		if err := conn.Flush(); err != nil {
			return fmt.Errorf("delete a table: %w", err)
		}
		return nil
	})
}
