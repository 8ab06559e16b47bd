package nft

import (
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// elementsPerMessage keeps a message's list of elements under the 64 KiB
	// that the length of an attribute can say: the largest element, with an
	// IPv6 key, both times and a counter, has 104 bytes.
	elementsPerMessage = 600
	// elementsPerBatch is the largest transaction: about 50 ms where bans are
	// replaced that have counters, half of it without.
	elementsPerBatch = 10_000
	// minTimeout is the shortest ban. The kernel keeps whole ticks, of up to
	// 10 ms, and rounds down; an element with none would stay for ever.
	minTimeout = 20 * time.Millisecond
	// attrElemExpressions is NFTA_SET_ELEM_EXPRESSIONS, which x/sys lacks.
	attrElemExpressions = 11
	// elemIntervalEnd is NFT_SET_ELEM_INTERVAL_END.
	elemIntervalEnd = 1
)

// element is one entry of a set as netlink carries it.
type element struct {
	key       setKey
	flags     uint32
	timeout   time.Duration // 0: none
	remaining time.Duration // 0: all of timeout when written; none left or no timeout when read
	counted   bool
	packets   uint64
	bytes     uint64
}

// keyed returns the element of a prefix, without a timeout.
func keyed(prefix netip.Prefix) element {
	return element{key: addrKey(prefix.Addr())}
}

// milliseconds rounds up. The kernel in turn keeps whole ticks and rounds down,
// so a ban can end a tick (1 to 10 ms) early.
func milliseconds(d time.Duration) uint64 {
	return uint64((d + time.Millisecond - 1) / time.Millisecond)
}

// clampTimeout keeps a timeout in what the kernel takes. The longest Duration,
// 292 years, is below the kernel's limit of 585 years, but rounding it up must
// not overflow.
func clampTimeout(d time.Duration) time.Duration {
	return min(max(d, minTimeout), time.Duration(1<<63-1)-time.Second)
}

// encode appends the element to a list of elements. Absent attributes mean: no
// flags, no timeout (permanent), all of the timeout left, a counter at zero.
func (el *element) encode(e *encoder) {
	item := e.open(unix.NFTA_LIST_ELEM)
	key := e.open(unix.NFTA_SET_ELEM_KEY)
	e.bytes(unix.NFTA_DATA_VALUE, el.key.bytes())
	e.shut(key)
	if el.flags != 0 {
		e.u32(unix.NFTA_SET_ELEM_FLAGS, el.flags)
	}
	if el.timeout > 0 {
		e.u64(unix.NFTA_SET_ELEM_TIMEOUT, milliseconds(el.timeout))
	}
	if el.remaining > 0 {
		e.u64(unix.NFTA_SET_ELEM_EXPIRATION, milliseconds(el.remaining))
	}
	if el.counted {
		encodeCounter(e, unix.NFTA_SET_ELEM_EXPR, el.packets, el.bytes)
	}
	e.shut(item)
}

// encodeCounter appends a counter expression.
func encodeCounter(e *encoder, typ uint16, packets, bytes uint64) {
	expression := e.open(typ)
	e.str(unix.NFTA_EXPR_NAME, "counter")
	data := e.open(unix.NFTA_EXPR_DATA)
	e.u64(unix.NFTA_COUNTER_BYTES, bytes)
	e.u64(unix.NFTA_COUNTER_PACKETS, packets)
	e.shut(data)
	e.shut(expression)
}

// elements appends messages that do typ to the elements of a set.
func (b *batch) elements(typ, flags uint16, table, set string, els []element) {
	for len(els) > 0 {
		n := min(len(els), elementsPerMessage)
		list := b.openElements(typ, flags, table, set)
		for i := range els[:n] {
			els[i].encode(&b.encoder)
		}
		b.shutElements(list)
		els = els[n:]
	}
}

// openElements begins a message about elements of a set; shutElements, with the
// mark that it returns, ends it.
func (b *batch) openElements(typ, flags uint16, table, set string) (list int) {
	b.spans = append(b.spans, span{message: b.count, set: set})
	b.message(typ, flags)
	b.str(unix.NFTA_SET_ELEM_LIST_TABLE, table)
	b.str(unix.NFTA_SET_ELEM_LIST_SET, set)
	return b.open(unix.NFTA_SET_ELEM_LIST_ELEMENTS)
}

func (b *batch) shutElements(list int) {
	b.shut(list)
	b.seal()
}

// flushSet appends a message that empties a set.
func (b *batch) flushSet(table, set string) {
	b.message(unix.NFT_MSG_DELSETELEM, 0)
	b.str(unix.NFTA_SET_ELEM_LIST_TABLE, table)
	b.str(unix.NFTA_SET_ELEM_LIST_SET, set)
	b.seal()
}

// eachElement calls each with the elements in the attributes of one message.
func eachElement(attributes []byte, each func(element)) {
	for typ, item := range attrs(attr(attributes, unix.NFTA_SET_ELEM_LIST_ELEMENTS)) {
		if typ == unix.NFTA_LIST_ELEM {
			each(decodeElement(item))
		}
	}
}

func decodeElement(item []byte) element {
	var el element
	for typ, v := range attrs(item) {
		switch typ {
		case unix.NFTA_SET_ELEM_KEY:
			el.key = readKey(attr(v, unix.NFTA_DATA_VALUE))
		case unix.NFTA_SET_ELEM_FLAGS:
			el.flags = readU32(v)
		case unix.NFTA_SET_ELEM_TIMEOUT:
			el.timeout = readMilliseconds(v)
		case unix.NFTA_SET_ELEM_EXPIRATION:
			el.remaining = readMilliseconds(v)
		case unix.NFTA_SET_ELEM_EXPR:
			el.readCounter(v)
		case attrElemExpressions:
			for _, expression := range attrs(v) {
				el.readCounter(expression)
			}
		}
	}
	return el
}

// readMilliseconds reads a time; one beyond 292 years is the longest Duration.
func readMilliseconds(v []byte) time.Duration {
	const most = uint64(1<<63-1) / uint64(time.Millisecond)
	return time.Duration(min(readU64(v), most)) * time.Millisecond
}

// readCounter takes the numbers of an expression if it is a counter.
func (el *element) readCounter(expression []byte) {
	if readString(attr(expression, unix.NFTA_EXPR_NAME)) != "counter" {
		return
	}
	data := attr(expression, unix.NFTA_EXPR_DATA)
	el.counted = true
	el.packets = readU64(attr(data, unix.NFTA_COUNTER_PACKETS))
	el.bytes = readU64(attr(data, unix.NFTA_COUNTER_BYTES))
}
