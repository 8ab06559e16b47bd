package nft

import (
	"maps"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// fakeReply collects the answers to one request.
type fakeReply struct {
	b   batch
	now time.Time
	seq uint32
}

// message begins an answer; seal ends it.
func (r *fakeReply) message(typ uint16) {
	r.b.count = int(r.seq)
	r.b.message(typ, 0)
}

// fakeQuestions are the requests that only read, by type. Without a name they
// are dumps.
var fakeQuestions = map[uint16]func(f *Fake, r *fakeReply, attributes []byte) unix.Errno{
	unix.NFT_MSG_GETGEN:     (*Fake).getGeneration,
	unix.NFT_MSG_GETTABLE:   (*Fake).getTable,
	unix.NFT_MSG_GETCHAIN:   (*Fake).getChain,
	unix.NFT_MSG_GETRULE:    (*Fake).dumpRules,
	unix.NFT_MSG_GETSET:     (*Fake).dumpSets,
	unix.NFT_MSG_GETOBJ:     (*Fake).dumpCounters,
	unix.NFT_MSG_GETSETELEM: (*Fake).getElements,
}

// request answers one question. A dump ends with a message of its own, another
// answer with an acknowledgement if one was asked for; an error is the only
// answer to a question for one object.
func (s *fakeSocket) request(m answer) {
	question, known := fakeQuestions[m.typ&0xff]
	if !known || m.typ>>8 != unix.NFNL_SUBSYS_NFTABLES || len(m.body) < sizeofNfgenmsg {
		s.acknowledge(m, unix.EINVAL)
		return
	}
	r := &fakeReply{now: s.kernel.now(), seq: m.seq}
	errno := question(s.kernel, r, m.body[sizeofNfgenmsg:])
	if errno == 0 && len(r.b.b) > 0 {
		s.queue = append(s.queue, r.b.b)
	}
	switch {
	case errno == 0 && m.flags&unix.NLM_F_DUMP == unix.NLM_F_DUMP:
		done := &batch{count: int(m.seq)}
		done.begin(unix.NLMSG_DONE, 0)
		done.b = append(done.b, 0, 0, 0, 0)
		done.seal()
		s.queue = append(s.queue, done.b)
	case errno != 0 || m.flags&unix.NLM_F_ACK != 0:
		s.acknowledge(m, errno)
	}
}

func (f *Fake) getGeneration(r *fakeReply, _ []byte) unix.Errno {
	r.message(unix.NFT_MSG_NEWGEN)
	r.b.u32(unix.NFTA_GEN_ID, f.generation)
	r.b.seal()
	return 0
}

func (f *Fake) getTable(r *fakeReply, attributes []byte) unix.Errno {
	name := readString(attr(attributes, unix.NFTA_TABLE_NAME))
	table, ok := f.tables[name]
	if !ok {
		return unix.ENOENT
	}
	r.message(unix.NFT_MSG_NEWTABLE)
	r.b.str(unix.NFTA_TABLE_NAME, name)
	r.b.u32(unix.NFTA_TABLE_FLAGS, table.flags)
	if table.owner != 0 {
		r.b.u32(attrTableOwner, table.owner)
	}
	r.b.seal()
	return 0
}

// part finds a table and the name of one of its parts.
func (f *Fake) part(attributes []byte, typ uint16) (table *fakeTable, name string) {
	return f.tables[readString(attr(attributes, unix.NFTA_TABLE_NAME))], readString(attr(attributes, typ))
}

func (f *Fake) getChain(r *fakeReply, attributes []byte) unix.Errno {
	table, name := f.part(attributes, unix.NFTA_CHAIN_NAME)
	if table == nil || table.chains[name] == nil {
		return unix.ENOENT
	}
	chain := table.chains[name]
	r.message(unix.NFT_MSG_NEWCHAIN)
	r.b.str(unix.NFTA_CHAIN_NAME, name)
	r.b.u32(unix.NFTA_CHAIN_USE, uint32(table.uses(chain)))
	if chain.spec.base {
		hook := r.b.open(unix.NFTA_CHAIN_HOOK)
		r.b.u32(unix.NFTA_HOOK_HOOKNUM, chain.spec.hook)
		r.b.u32(unix.NFTA_HOOK_PRIORITY, uint32(chain.spec.priority))
		r.b.shut(hook)
		r.b.u32(unix.NFTA_CHAIN_POLICY, chain.policy)
	}
	r.b.seal()
	return 0
}

// dumpRules lists the rules of one chain or of all. Like all dumps but that of
// elements, it is empty for a table that is missing.
func (f *Fake) dumpRules(r *fakeReply, attributes []byte) unix.Errno {
	table, only := f.part(attributes, unix.NFTA_RULE_CHAIN)
	if table == nil {
		return 0
	}
	for _, name := range slices.Sorted(maps.Keys(table.chains)) {
		if only != "" && only != name {
			continue
		}
		for _, rule := range table.chains[name].rules {
			r.message(unix.NFT_MSG_NEWRULE)
			r.b.str(unix.NFTA_RULE_CHAIN, name)
			r.b.bytes(unix.NLA_F_NESTED|unix.NFTA_RULE_EXPRESSIONS, rule.expressions)
			r.b.seal()
		}
	}
	return 0
}

func (f *Fake) dumpSets(r *fakeReply, attributes []byte) unix.Errno {
	table, _ := f.part(attributes, unix.NFTA_SET_NAME)
	if table == nil {
		return 0
	}
	for _, name := range slices.Sorted(maps.Keys(table.sets)) {
		set := table.sets[name]
		set.collect(r.now)
		r.message(unix.NFT_MSG_NEWSET)
		r.b.str(unix.NFTA_SET_NAME, name)
		r.b.u32(unix.NFTA_SET_FLAGS, set.spec.flags)
		r.b.u32(unix.NFTA_SET_KEY_TYPE, set.spec.keyType)
		r.b.u32(unix.NFTA_SET_KEY_LEN, set.spec.keyLen)
		if set.spec.size > 0 {
			desc := r.b.open(unix.NFTA_SET_DESC)
			r.b.u32(unix.NFTA_SET_DESC_SIZE, set.spec.size)
			r.b.shut(desc)
		}
		if set.spec.counted {
			encodeCounter(&r.b.encoder, attrSetExpr, 0, 0)
		}
		if !f.lacks.count {
			r.b.u32(attrSetCount, uint32(set.told()))
		}
		r.b.seal()
	}
	return 0
}

// told is the number of elements as the kernel tells it: of intervals, that of
// pairs of bounds, rounded down (nft_rbtree_usize).
func (s *fakeSet) told() int {
	n := len(s.intervals)
	if n > 0 && !s.intervals[n-1].bounded {
		return n - 1
	}
	if s.isInterval() {
		return n
	}
	return s.count
}

func (f *Fake) dumpCounters(r *fakeReply, attributes []byte) unix.Errno {
	table, _ := f.part(attributes, unix.NFTA_OBJ_NAME)
	if table == nil {
		return 0
	}
	for _, name := range slices.Sorted(maps.Keys(table.counters)) {
		counter := table.counters[name]
		r.message(unix.NFT_MSG_NEWOBJ)
		r.b.str(unix.NFTA_OBJ_NAME, name)
		data := r.b.open(unix.NFTA_OBJ_DATA)
		r.b.u64(unix.NFTA_COUNTER_BYTES, counter.Bytes)
		r.b.u64(unix.NFTA_COUNTER_PACKETS, counter.Packets)
		r.b.shut(data)
		r.b.seal()
	}
	return 0
}
