package main

import (
	"fmt"

	"github.com/smtpbl/smtpbl/nft"
)

// The faults that other programs cause with nft.

func (c *campaign) flushRuleset() error {
	_, err := c.nft("flush", "ruleset")
	return err
}

// restartNftables does what "systemctl restart nftables" does: Debian's file
// begins with "flush ruleset".
func (c *campaign) restartNftables() error {
	_, err := c.nft("-f", "/etc/nftables.conf")
	return err
}

func (c *campaign) loadRules() error {
	_, err := c.nft("-f", smallFile)
	return err
}

func (c *campaign) deleteTable() error {
	words := append([]string{"delete", "table"}, table...)
	_, err := c.nft(words...)
	return err
}

func (c *campaign) flushChain() error { return c.onTable("flush", "chain", c.pick(chains)) }

func (c *campaign) deleteRule() error {
	chain, handle, err := c.rule()
	if err != nil {
		return err
	}
	return c.onTable("delete", "rule", chain, "handle", handle)
}

// replaceRule leaves as many rules as there were.
func (c *campaign) replaceRule() error {
	chain, handle, err := c.rule()
	if err != nil {
		return err
	}
	return c.onTable("replace", "rule", chain, "handle", handle, "counter", c.pick(verdicts))
}

func (c *campaign) insertRule() error {
	return c.onTable("insert", "rule", c.pick(chains), c.pick(verdicts))
}

var verdicts = []string{"accept", "return"}

// policyDrop makes the table drop everything that no rule names.
func (c *campaign) policyDrop() error {
	return c.onTable("add", "chain", "pre", "{ policy drop ; }")
}

func (c *campaign) sleepTable() error {
	words := append([]string{"add", "table"}, table...)
	_, err := c.nft(append(words, "{ flags dormant ; }")...)
	return err
}

// otherTable has another program build its table or take it away.
func (c *campaign) otherTable() error {
	if c.dice.IntN(3) == 0 {
		_, err := c.nft("delete", "table", "inet", "other")
		return err
	}
	_, err := c.nft("-f", otherFile)
	return err
}

// flushSet empties the set that holds a ban.
func (c *campaign) flushSet() error {
	b, err := c.standing()
	if err != nil {
		return err
	}
	return c.onTable("flush", "set", b.Set)
}

func (c *campaign) deleteElement() error {
	b, err := c.standing()
	if err != nil {
		return err
	}
	return c.onTable("delete", "element", b.Set, fmt.Sprintf("{ %s }", b.Prefix.Addr()))
}

// standing returns one of the bans that stand in the kernel.
func (c *campaign) standing() (nft.Ban, error) {
	bans, err := c.reader.Query(c.wanted)
	if err != nil || len(bans) == 0 {
		return nft.Ban{}, errMissed // the table is being rebuilt
	}
	return bans[c.dice.IntN(len(bans))], nil
}
