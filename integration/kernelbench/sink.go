package main

import (
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// sink is the end of the way of all packets that get through: a table that
// counts and drops them last of all. So what is measured is the way of a packet
// to a server, without what the server does with it.
type sink struct {
	conn    *nftables.Conn
	table   *nftables.Table
	counter *nftables.NamedObj
}

const sinkName = "sink"

// newSink makes the table in a namespace. With conntrack, a rule asks for the
// state of connections, which switches their tracking on.
func newSink(ns *namespace, conntrack bool) (*sink, error) {
	conn, err := nftables.New(nftables.WithNetNSFd(ns.fd), nftables.AsLasting())
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	s := &sink{conn: conn, table: conn.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: sinkName})}
	s.counter = &nftables.NamedObj{Table: s.table, Name: "passed", Type: nftables.ObjTypeCounter, Obj: &expr.Counter{}}
	conn.AddObj(s.counter)
	chain := conn.AddChain(&nftables.Chain{
		Name: "last", Table: s.table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookInput, Priority: nftables.ChainPriorityRef(1000),
	})
	var rule []expr.Any
	if conntrack {
		// [ ct load state => reg 1 ]
		rule = append(rule, &expr.Ct{Key: expr.CtKeySTATE, Register: 1})
	}
	// [ meta load l4proto => reg 1 ]
	// [ cmp eq reg 1 0x00000006 ]
	// [ objref type 1 name passed ]
	// [ immediate reg 0 drop ]
	rule = append(rule,
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{6}},
		&expr.Objref{Type: int(nftables.ObjTypeCounter), Name: s.counter.Name},
		&expr.Verdict{Kind: expr.VerdictDrop},
	)
	conn.AddRule(&nftables.Rule{Table: s.table, Chain: chain, Exprs: rule})
	if err := conn.Flush(); err != nil {
		return nil, fmt.Errorf("make the table that counts what got through: %w", err)
	}
	return s, nil
}

// passed is how many packets have got through so far.
func (s *sink) passed() (uint64, error) {
	o, err := s.conn.GetObject(s.counter)
	if err != nil {
		return 0, fmt.Errorf("count what got through: %w", err)
	}
	if named, ok := o.(*nftables.NamedObj); ok {
		if c, ok := named.Obj.(*expr.Counter); ok {
			return c.Packets, nil
		}
	}
	return 0, fmt.Errorf("count what got through: the kernel answers with %T", o)
}

func (s *sink) close() { _ = s.conn.CloseLasting() }
