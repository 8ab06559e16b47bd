package nft

import (
	"golang.org/x/sys/unix"
)

// fakeExpression is what an expression does to a packet. It returns false when
// the packet does not match, which ends the rule.
type fakeExpression func(p *fakePacket, data []byte) bool

var fakeExpressions = map[string]fakeExpression{
	"meta":      (*fakePacket).meta,
	"cmp":       (*fakePacket).compare,
	"payload":   (*fakePacket).payload,
	"bitwise":   (*fakePacket).bitwise,
	"lookup":    (*fakePacket).lookup,
	"objref":    (*fakePacket).countNamed,
	"limit":     (*fakePacket).limit,
	"immediate": (*fakePacket).immediate,
	"log":       func(*fakePacket, []byte) bool { return true },
}

// has tells whether the part that an expression refers to is in the table.
func (table *fakeTable) has(expression string, data []byte) bool {
	name := fakeReference(expression, data)
	if name == "" {
		return true
	}
	ok := true
	switch expression {
	case "lookup":
		_, ok = table.sets[name]
	case "objref":
		_, ok = table.counters[name]
	case "immediate":
		_, ok = table.chains[name]
	}
	return ok
}

// fakeReference returns the name of the set, the counter or the chain that an
// expression refers to, or nothing.
func fakeReference(expression string, data []byte) string {
	switch expression {
	case "lookup":
		return readString(attr(data, unix.NFTA_LOOKUP_SET))
	case "objref":
		return readString(attr(data, unix.NFTA_OBJREF_IMM_NAME))
	case "immediate":
		return readString(attr(fakeVerdictOf(data), unix.NFTA_VERDICT_CHAIN))
	}
	return ""
}

// fakeVerdictOf returns the verdict in an immediate expression.
func fakeVerdictOf(data []byte) []byte {
	return attr(attr(data, unix.NFTA_IMMEDIATE_DATA), unix.NFTA_DATA_VERDICT)
}

// each calls do with the name and the data of the expressions until it returns
// false.
func (r *fakeRule) each(do func(name string, data []byte) bool) {
	for _, x := range attrs(r.expressions) {
		if !do(readString(attr(x, unix.NFTA_EXPR_NAME)), attr(x, unix.NFTA_EXPR_DATA)) {
			return
		}
	}
}

// check refuses a rule that refers to what is not in the table.
func (r *fakeRule) check(table *fakeTable) unix.Errno {
	var errno unix.Errno
	r.each(func(name string, data []byte) bool {
		switch {
		case fakeExpressions[name] == nil:
			errno = unix.EOPNOTSUPP
		case !table.has(name, data):
			errno = unix.ENOENT
		}
		return errno == 0
	})
	return errno
}

// refersTo tells whether an expression of the rule names a part of the table.
func (r *fakeRule) refersTo(expression, part string) bool {
	refers := false
	r.each(func(name string, data []byte) bool {
		refers = refers || name == expression && fakeReference(name, data) == part
		return true
	})
	return refers
}
