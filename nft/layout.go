package nft

import (
	"time"

	"golang.org/x/sys/unix"
)

const (
	// The flags of a table (enum nft_table_flags); x/sys lacks them.
	tableDormant = 0x1
	tableOwner   = 0x2
	tablePersist = 0x4

	// The types that the nft command line shows for keys; the kernel only
	// keeps them (TYPE_IPADDR, TYPE_IP6ADDR and TYPE_INET_SERVICE of nft).
	keyIPv4Addr    = 7
	keyIPv6Addr    = 8
	keyInetService = 13

	// verdictAccept is NF_ACCEPT.
	verdictAccept = 1

	// attrSetExpr is NFTA_SET_EXPR, which x/sys lacks.
	attrSetExpr = 17

	// gcInterval is how often the kernel removes ended elements. It walks the
	// whole set to do so, with its own default once a second; a look-up
	// honours the end of an element whatever the collector does.
	gcInterval = 30 * time.Second

	// The priorities: raw is before connection tracking (-200), one before
	// filter (0) is ahead of other firewalls' input chains, and one behind it
	// sees what those marked and did not drop.
	priorityRaw          = -300
	priorityBeforeFilter = -1
	priorityBehindFilter = 1
)

// setSpec is how a set is declared.
type setSpec struct {
	name    string
	keyType uint32
	keyLen  uint32
	flags   uint32
	size    uint32 // 0: no limit
	counted bool   // a counter for each element
}

// banSpec declares the set of a kind.
func banSpec(k kind, size uint32, counted bool) setSpec {
	spec := setSpec{
		name: k.set(), keyType: keyIPv4Addr, keyLen: uint32(k.keyBytes()),
		flags: unix.NFT_SET_TIMEOUT, size: size, counted: counted,
	}
	if k.v6 {
		spec.keyType = keyIPv6Addr
	}
	return spec
}

// plainSpecs declares the sets that hold no bans.
func plainSpecs() []setSpec {
	return []setSpec{
		{name: setPorts, keyType: keyInetService, keyLen: 2},
		{name: setAllow4, keyType: keyIPv4Addr, keyLen: 4, flags: unix.NFT_SET_INTERVAL},
		{name: setAllow6, keyType: keyIPv6Addr, keyLen: 16, flags: unix.NFT_SET_INTERVAL},
	}
}

// table appends the declaration of the table.
func (b *batch) table(name string, flags uint32) {
	b.message(unix.NFT_MSG_NEWTABLE, create)
	b.str(unix.NFTA_TABLE_NAME, name)
	b.u32(unix.NFTA_TABLE_FLAGS, flags)
	b.seal()
}

// deleteTable appends the removal of the table with all that is in it.
func (b *batch) deleteTable(name string) {
	b.message(unix.NFT_MSG_DELTABLE, 0)
	b.str(unix.NFTA_TABLE_NAME, name)
	b.seal()
}

// counter appends a named counter; one that exists keeps its numbers.
func (b *batch) counter(table, name string) {
	b.message(unix.NFT_MSG_NEWOBJ, create)
	b.str(unix.NFTA_OBJ_TABLE, table)
	b.str(unix.NFTA_OBJ_NAME, name)
	b.u32(unix.NFTA_OBJ_TYPE, objectCounter)
	data := b.open(unix.NFTA_OBJ_DATA)
	b.u64(unix.NFTA_COUNTER_BYTES, 0)
	b.u64(unix.NFTA_COUNTER_PACKETS, 0)
	b.shut(data)
	b.seal()
}

// set appends the declaration of a set. Declaring one that exists keeps its
// elements; kernels from 6.5 then take over a changed size.
func (b *batch) set(table string, spec setSpec) {
	b.message(unix.NFT_MSG_NEWSET, create)
	b.str(unix.NFTA_SET_TABLE, table)
	b.str(unix.NFTA_SET_NAME, spec.name)
	b.u32(unix.NFTA_SET_ID, uint32(b.count))
	b.u32(unix.NFTA_SET_FLAGS, spec.flags)
	b.u32(unix.NFTA_SET_KEY_TYPE, spec.keyType)
	b.u32(unix.NFTA_SET_KEY_LEN, spec.keyLen)
	if spec.size > 0 {
		desc := b.open(unix.NFTA_SET_DESC)
		b.u32(unix.NFTA_SET_DESC_SIZE, spec.size)
		b.shut(desc)
	}
	if spec.flags&unix.NFT_SET_TIMEOUT != 0 {
		b.u32(unix.NFTA_SET_GC_INTERVAL, uint32(gcInterval.Milliseconds()))
	}
	if spec.counted {
		encodeCounter(&b.encoder, attrSetExpr, 0, 0)
	}
	b.seal()
}

// chainSpec is how a chain is declared.
type chainSpec struct {
	name     string
	base     bool
	hook     uint32
	priority int32
}

// chainSpecs declares the chains, each before the ones that jump to it. The one
// for bans at all ports is only there where there are, or were, such bans.
func chainSpecs(hook Hook, everywhere bool) []chainSpec {
	base := chainSpec{name: chainHook, base: true}
	switch hook {
	case HookPrerouting:
		base.hook, base.priority = unix.NF_INET_PRE_ROUTING, priorityRaw
	case HookInput:
		base.hook, base.priority = unix.NF_INET_LOCAL_IN, priorityBeforeFilter
	case HookUFW:
		base.hook, base.priority = unix.NF_INET_LOCAL_IN, priorityBehindFilter
	}
	specs := append(make([]chainSpec, 0, 4), chainSpec{name: chainLog}, chainSpec{name: chainBlacklist})
	if everywhere {
		specs = append(specs, chainSpec{name: chainAll})
	}
	return append(specs, base)
}

// chain appends the declaration of a chain.
func (b *batch) chain(table string, spec chainSpec) {
	b.message(unix.NFT_MSG_NEWCHAIN, create)
	b.str(unix.NFTA_CHAIN_TABLE, table)
	b.str(unix.NFTA_CHAIN_NAME, spec.name)
	if spec.base {
		hook := b.open(unix.NFTA_CHAIN_HOOK)
		b.u32(unix.NFTA_HOOK_HOOKNUM, spec.hook)
		b.u32(unix.NFTA_HOOK_PRIORITY, uint32(spec.priority))
		b.shut(hook)
		b.u32(unix.NFTA_CHAIN_POLICY, verdictAccept)
		b.str(unix.NFTA_CHAIN_TYPE, "filter")
	}
	b.seal()
}

// deleteChain appends the removal of a chain that has no rules.
func (b *batch) deleteChain(table, name string) {
	b.message(unix.NFT_MSG_DELCHAIN, 0)
	b.str(unix.NFTA_CHAIN_TABLE, table)
	b.str(unix.NFTA_CHAIN_NAME, name)
	b.seal()
}

// flushChain appends the removal of all rules of a chain.
func (b *batch) flushChain(table, name string) {
	b.message(unix.NFT_MSG_DELRULE, 0)
	b.str(unix.NFTA_RULE_TABLE, table)
	b.str(unix.NFTA_RULE_CHAIN, name)
	b.seal()
}

// rule appends a rule to the end of a chain.
func (b *batch) rule(table, chain string, r rule) error {
	b.message(unix.NFT_MSG_NEWRULE, create|unix.NLM_F_APPEND)
	b.str(unix.NFTA_RULE_TABLE, table)
	b.str(unix.NFTA_RULE_CHAIN, chain)
	if err := r.encode(&b.encoder); err != nil {
		return err
	}
	b.seal()
	return nil
}

// portElements makes the elements of the set of ports.
func portElements(ports []uint16) []element {
	els := make([]element, len(ports))
	for i, port := range ports {
		els[i].key = portKey(port)
	}
	return els
}

// counterNames lists every named counter of the table.
func counterNames() []string {
	dropped := droppedKinds()
	names := make([]string, 0, 6+len(dropped))
	names = append(names, counterSeen, counterMarked, counterUnmarked, counterCopied, counterLogged, counterLimited)
	for _, k := range dropped {
		names = append(names, k.counter())
	}
	return names
}

// droppedKinds lists one kind for each counter of dropped packets. The last
// ones stand for all lengths of their layer that are made on demand.
func droppedKinds() []kind {
	return append(append([]kind(nil), standing...),
		kind{v6: false}, kind{v6: true}, kind{layer: LayerManual}, kind{layer: LayerManual, v6: true},
		kind{layer: LayerAll}, kind{layer: LayerAll, v6: true},
		kind{layer: LayerFeed}, kind{layer: LayerFeed, v6: true})
}
