package nft

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// plan is the transaction that turns what was found into what is wanted.
type plan struct {
	t       *Table
	found   found
	outcome Outcome
	kinds   []kind               // that get a set and a rule
	idle    []kind               // that have a set now and lose it, see idle
	bans    map[kind][]element   // carried over by Rebuilt
	plain   map[string][]element // elements of other sets, carried over by Rebuilt
}

// carry reads what a rebuilt table has to hold again.
func (p *plan) carry() error {
	if p.outcome != Rebuilt {
		return nil
	}
	p.bans, p.plain = map[kind][]element{}, map[string][]element{}
	s, table := p.t.sock, p.t.cfg.Table
	for _, k := range p.found.bans() {
		els, err := s.elements(table, p.found.sets[k.set()])
		if err != nil {
			return err
		}
		p.bans[k] = p.t.refit(els)
	}
	for _, name := range []string{setAllow4, setAllow6, p.found.feeds[0], p.found.feeds[1]} {
		set, ok := p.found.sets[name]
		if !ok {
			continue
		}
		els, err := s.elements(table, set)
		if err != nil {
			return err
		}
		p.plain[name] = els
	}
	return nil
}

// refit drops the numbers of counters that the new sets do not have, and bans
// that ended while they were listed: those would begin anew.
func (t *Table) refit(els []element) []element {
	els = slices.DeleteFunc(els, element.ended)
	for i := range els {
		els[i].counted = els[i].counted && t.cfg.ElementCounters
	}
	return els
}

func (p *plan) write(b *batch) error {
	table := p.t.cfg.Table
	if p.outcome == Rebuilt {
		b.deleteTable(table)
	}
	b.table(table, p.flags())
	for _, name := range counterNames() {
		b.counter(table, name)
	}
	p.writeSets(b)
	p.writeFeeds(b)
	p.writeChains(b)
	p.deleteIdle(b)
	return p.writeRules(b)
}

// flags of the table. A table that outlived its owner keeps that flag, which
// the kernel does not allow to be taken away.
func (p *plan) flags() uint32 {
	switch {
	case p.t.protects():
		return tableOwner | tablePersist
	case p.stays():
		return p.found.flags & tablePersist
	}
	return 0
}

// stays tells whether the objects that were found are still there when the
// transaction declares ours.
func (p *plan) stays() bool { return p.outcome != Rebuilt && p.found.exists }

func (p *plan) writeSets(b *batch) {
	table, cfg := p.t.cfg.Table, p.t.cfg
	for _, spec := range plainSpecs() {
		b.set(table, spec)
	}
	for _, k := range p.kinds {
		size := max(cfg.setSize(), p.found.sets[k.set()].spec.size)
		b.set(table, banSpec(k, size, cfg.ElementCounters))
		b.elements(unix.NFT_MSG_NEWSETELEM, create, table, k.set(), p.bans[k])
	}
	if _, ok := p.found.sets[setPorts]; ok && p.stays() {
		b.flushSet(table, setPorts)
	}
	b.elements(unix.NFT_MSG_NEWSETELEM, create, table, setPorts, portElements(cfg.Ports))
	if p.t.allow != nil {
		b.allow(table, p.t.allow)
		return
	}
	for _, name := range []string{setAllow4, setAllow6} {
		b.elements(unix.NFT_MSG_NEWSETELEM, create, table, name, p.plain[name])
	}
}

// feeds returns the sets that the rules are to look into: those that they look
// into now, as far as they stand.
func (p *plan) feeds() feedSets {
	feeds := p.found.feeds
	for i, name := range feeds {
		if _, ok := p.found.sets[name]; !ok {
			feeds[i] = ""
		}
	}
	return feeds
}

// writeFeeds keeps the feeds and deletes what a process left that ended while
// it filled a set for one.
func (p *plan) writeFeeds(b *batch) {
	if p.stays() {
		p.found.deleteFeeds(b, p.t.cfg.Table, p.feeds())
		return
	}
	for family, name := range p.feeds() {
		if name != "" {
			b.set(p.t.cfg.Table, feedSpec(family, name))
			b.elements(unix.NFT_MSG_NEWSETELEM, create, p.t.cfg.Table, name, p.plain[name])
		}
	}
}

// writeChains empties the chains that stand and deletes those that hang
// elsewhere than wanted. Rules go first, because a jump holds its target.
func (p *plan) writeChains(b *batch) {
	table, want := p.t.cfg.Table, p.chains()
	if p.stays() {
		known := chainSpecs(p.t.cfg.Hook, true)
		for _, spec := range known {
			if _, ok := p.found.chains[spec.name]; ok {
				b.flushChain(table, spec.name)
			}
		}
		for _, spec := range known {
			have, ok := p.found.chains[spec.name]
			if ok && (have.spec != spec || !slices.Contains(want, spec)) {
				b.deleteChain(table, spec.name)
			}
		}
	}
	for _, spec := range want {
		b.chain(table, spec)
	}
}

func (p *plan) chains() []chainSpec { return chainSpecs(p.t.cfg.Hook, banEverywhere(p.kinds)) }

func (p *plan) writeRules(b *batch) error {
	rules := ruleset(p.t.cfg, p.kinds, p.feeds())
	for _, spec := range p.chains() {
		for _, r := range rules[spec.name] {
			if err := b.rule(p.t.cfg.Table, spec.name, r); err != nil {
				return fmt.Errorf("write chain %s: %w", spec.name, err)
			}
		}
	}
	return nil
}

func (p *plan) adoption() Adoption {
	a := Adoption{Outcome: p.outcome, Protected: p.t.protects()}
	for _, k := range p.kinds {
		if _, ok := p.found.sets[k.set()]; !ok {
			a.Created = append(a.Created, k.set())
		}
		a.Carried += len(p.bans[k])
	}
	return a
}
