package nft

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// maxForeignBans bounds how many bans of one transaction are remembered by
// name; to look at all of them is cheaper than to remember more.
const maxForeignBans = 1000

// changelog puts the notifications of the kernel together: what changed comes
// first, in one or several datagrams, and then the new generation with the name
// of who did it (nf_tables_commit in net/netfilter/nf_tables_api.c).
type changelog struct {
	table string
	next  Foreign // of the transaction that is being told
}

// forget drops what was told of a transaction whose rest is lost.
func (c *changelog) forget() { c.next = Foreign{} }

// read works through one datagram and appends the transactions that it
// completes and that concern the table.
func (c *changelog) read(b []byte, out []Foreign) []Foreign {
	for a, rest, ok := nextAnswer(b); ok; a, rest, ok = nextAnswer(rest) {
		if a.typ>>8 != unix.NFNL_SUBSYS_NFTABLES || len(a.body) < sizeofNfgenmsg {
			continue
		}
		family, attributes := a.body[0], a.body[sizeofNfgenmsg:]
		if a.typ&0xff != unix.NFT_MSG_NEWGEN {
			c.note(a.typ&0xff, family, attributes)
			continue
		}
		f := c.next
		c.next = Foreign{}
		if f.Table || f.Many || len(f.Bans) > 0 {
			f.Generation = readU32(attr(attributes, unix.NFTA_GEN_ID))
			f.PID = readU32(attr(attributes, unix.NFTA_GEN_PROC_PID))
			f.Process = readString(attr(attributes, unix.NFTA_GEN_PROC_NAME))
			out = append(out, f)
		}
	}
	return out
}

// note remembers one change. The first attribute of every kind of object is the
// name of its table (NFTA_TABLE_NAME, NFTA_SET_TABLE and so on are all 1).
func (c *changelog) note(typ uint16, family byte, attributes []byte) {
	if family != familyInet || readString(attr(attributes, unix.NFTA_TABLE_NAME)) != c.table {
		return
	}
	k, isBan := kindNamed(readString(attr(attributes, unix.NFTA_SET_ELEM_LIST_SET)))
	if !isBan || typ != unix.NFT_MSG_NEWSETELEM && typ != unix.NFT_MSG_DELSETELEM {
		c.next.Table = true
		return
	}
	eachElement(attributes, func(el element) { c.ban(k, el) })
}

// ban remembers that a ban was set or lifted.
func (c *changelog) ban(k kind, el element) {
	prefix, ok := k.prefix(el.key)
	switch {
	case c.next.Many, !ok, prefix != prefix.Masked():
		// Enough is known, or the element matches no packet.
	case len(c.next.Bans) == maxForeignBans:
		c.next.Bans, c.next.Many = nil, true
	default:
		c.next.Bans = append(c.next.Bans, Key{Layer: k.layer, Prefix: netip.PrefixFrom(prefix.Addr(), k.bits)})
	}
}
