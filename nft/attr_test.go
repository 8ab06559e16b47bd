package nft

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// allElements are elements with every combination of attributes.
func allElements() []element {
	key := addrKey(netip.MustParseAddr("2001:db8::1"))
	return []element{
		{key: key},
		{key: key, flags: elemIntervalEnd},
		{key: key, timeout: time.Hour},
		{key: key, timeout: time.Hour, remaining: time.Minute},
		{key: key, timeout: time.Hour, counted: true, packets: 1 << 40, bytes: 1<<64 - 1},
	}
}

// TestElementsComeBack encodes elements and reads the message again.
func TestElementsComeBack(t *testing.T) {
	b := newBatch(nil)
	b.elements(unix.NFT_MSG_NEWSETELEM, create, "table", "set", allElements())
	_, rest, _ := nextAnswer(b.b) // the begin marker
	a, rest, ok := nextAnswer(rest)
	if !ok || len(rest) != 0 || a.seq != 1 {
		t.Fatalf("no second and last message: %+v, rest %d", a, len(rest))
	}
	var got []element
	eachElement(a.body[sizeofNfgenmsg:], func(el element) { got = append(got, el) })
	if diff := cmp.Diff(allElements(), got, cmp.AllowUnexported(element{}, setKey{})); diff != "" {
		t.Errorf("elements (-sent +read):\n%s", diff)
	}
}

// TestLargestElementsFit fills messages with the largest elements there are and
// reads all of them again: the length of no attribute overflowed.
func TestLargestElementsFit(t *testing.T) {
	els := make([]element, elementsPerBatch)
	for i := range els {
		els[i] = element{
			key: setKey{n: 16}, flags: 1, timeout: time.Hour, remaining: time.Hour,
			counted: true, packets: uint64(i),
		}
	}
	b := newBatch(nil)
	b.elements(unix.NFT_MSG_NEWSETELEM, create, "table", "set", els)
	next := uint64(0)
	for a, rest, ok := nextAnswer(b.b); ok; a, rest, ok = nextAnswer(rest) {
		eachElement(a.body[sizeofNfgenmsg:], func(el element) {
			if el.packets != next {
				t.Fatalf("element %d where %d was expected", el.packets, next)
			}
			next++
		})
	}
	if next != elementsPerBatch {
		t.Errorf("%d elements came back of %d", next, elementsPerBatch)
	}
}

// FuzzAnswers reads whatever bytes as the kernel's answers to every question.
func FuzzAnswers(f *testing.F) {
	b := newBatch(nil)
	b.elements(unix.NFT_MSG_NEWSETELEM, create, "table", "set", allElements())
	f.Add(b.b)
	b = newBatch(nil)
	b.set("table", banSpec(standing[2], 1000, true))
	b.control(unix.NFNL_MSG_BATCH_END)
	f.Add(b.b)
	list := []netip.Prefix{netip.MustParsePrefix("2001:db8::1/128")}
	f.Fuzz(func(t *testing.T, in []byte) {
		left := len(in)
		for a, rest, ok := nextAnswer(in); ok; a, rest, ok = nextAnswer(rest) {
			if len(rest) >= left {
				t.Fatal("no progress")
			}
			left = len(rest)
			readAll(a, list)
		}
		var interrupted bool
		_, _ = eachAnswer(in, &interrupted, func([]byte) {})
	})
}

func readAll(a answer, list []netip.Prefix) {
	_ = a.errno()
	_, _ = a.bans(keys(list...))
	_ = decodeSet(a.body)
	_ = readString(attr(a.body, unix.NFTA_TABLE_NAME))
	eachElement(a.body, func(el element) {
		for _, k := range standing {
			_, _ = k.prefix(el.key)
		}
	})
}
