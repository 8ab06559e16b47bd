package nft

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The steps of scenarios. Each returns all that the call returned.

func opened(cfg Config) step {
	return step{name: "open", do: func(s *side) outcome { return outcome{Err: classes(s.open(cfg))} }}
}

func closed() step {
	return step{name: "close", do: func(s *side) outcome {
		// The reader's socket stays for the steps that come.
		return outcome{Err: classes(s.table.sock.close())}
	}}
}

func ensured() step {
	return step{name: "ensure", do: func(s *side) outcome {
		a, err := s.table.Ensure()
		return outcome{Err: classes(err), Value: a}
	}}
}

func applied(changes ...Change) step {
	return step{name: fmt.Sprintf("apply %v", first(changes)), do: func(s *side) outcome {
		return outcome{Err: classes(s.table.Apply(changes))}
	}}
}

func loaded(changes ...Change) step {
	return step{name: fmt.Sprintf("load %v", first(changes)), do: func(s *side) outcome {
		return outcome{Err: classes(s.table.Load(changes))}
	}}
}

// paced is a step whose number of transactions depends on how fast they are.
func paced(st step) step {
	st.paced = true
	return st
}

func flushed() step {
	return step{name: "flush", do: func(s *side) outcome { return outcome{Err: classes(s.table.Flush())} }}
}

func deleted() step {
	return step{name: "delete", do: func(s *side) outcome { return outcome{Err: classes(s.table.Delete())} }}
}

func allowed(prefixes ...string) step {
	return step{name: fmt.Sprintf("allow %v", first(prefixes)), do: func(s *side) outcome {
		return outcome{Err: classes(s.table.SetAllow(parse(prefixes...)))}
	}}
}

func fedWith(prefixes ...string) step {
	return step{name: fmt.Sprintf("feed %v", first(prefixes)), do: func(s *side) outcome {
		return outcome{Err: classes(s.table.SetFeed(parse(prefixes...)))}
	}}
}

// first keeps names of steps short.
func first[T any](list []T) []T { return list[:min(3, len(list))] }

func queried(keys ...Key) step {
	return step{name: fmt.Sprintf("query %v", keys), do: func(s *side) outcome {
		bans, err := s.table.Query(keys)
		return outcome{Err: classes(err), Bans: bans}
	}}
}

func lookedUpAt(addrs ...string) step {
	return step{name: fmt.Sprintf("look up %v", addrs), do: func(s *side) outcome {
		var got outcome
		var allows []bool
		for _, addr := range addrs {
			bans, allowed, err := s.table.Lookup(netip.MustParseAddr(addr))
			got.Err = append(got.Err, classes(err)...)
			got.Bans = append(got.Bans, bans...)
			allows = append(allows, allowed)
		}
		got.Value = allows
		return got
	}}
}

// surveyed reads everything that can be read.
func surveyed() step {
	return step{name: "survey", do: func(s *side) outcome {
		bans, err := s.table.Bans()
		counts, countErr := s.table.Count()
		counters, countersErr := s.table.Counters()
		intact, intactErr := s.table.Intact()
		return outcome{
			Err:   slices.Concat(classes(err), classes(countErr), classes(countersErr), classes(intactErr)),
			Bans:  bans,
			Value: []any{counts, counters, intact},
		}
	}}
}

// visited sends one packet from each visitor to a guarded port and to another
// one, and tells which got through.
func visited() step {
	return step{name: "visit", do: func(s *side) outcome {
		var through []string
		for _, v := range visitors {
			for _, port := range []uint16{25, 22} {
				if s.passes(netip.MustParseAddr(v), port) {
					through = append(through, fmt.Sprintf("%s to %d", v, port))
				}
			}
		}
		return outcome{Value: through}
	}}
}

// ended waits until a ban has ended by itself.
func ended(prefix string) step {
	return step{name: "end of " + prefix, do: func(s *side) outcome {
		s.await("the ban of "+prefix+" ends", func() bool {
			return len(query(s.t, s.table.Reader, netip.MustParsePrefix(prefix))) == 0
		})
		return outcome{}
	}}
}

// collectedSet makes a set anew whose ended elements are removed each second
// instead of each half a minute, and puts two bans into it.
func collectedSet(b *batch) {
	const table, set = "smtpbl", "ban4"
	b.flushChain(table, chainBlacklist)
	b.deleteSet(table, set)
	b.message(unix.NFT_MSG_NEWSET, create)
	b.str(unix.NFTA_SET_TABLE, table)
	b.str(unix.NFTA_SET_NAME, set)
	b.u32(unix.NFTA_SET_ID, uint32(b.count))
	b.u32(unix.NFTA_SET_FLAGS, unix.NFT_SET_TIMEOUT)
	b.u32(unix.NFTA_SET_KEY_TYPE, keyIPv4Addr)
	b.u32(unix.NFTA_SET_KEY_LEN, 4)
	b.u32(unix.NFTA_SET_GC_INTERVAL, 1_000)
	b.seal()
	for prefix, timeout := range map[string]time.Duration{"192.0.2.10/32": time.Hour, "192.0.2.11/32": time.Second} {
		el := keyed(netip.MustParsePrefix(prefix))
		el.timeout = timeout
		b.elements(unix.NFT_MSG_NEWSETELEM, create, table, set, []element{el})
	}
}

// collected waits until a set has n elements, those that have ended included.
func collected(set string, n int) step {
	return step{name: "collect " + set, do: func(s *side) outcome {
		s.await("ended bans are collected", func() bool {
			counts, err := s.table.Count()
			return err == nil && counts[set] == n
		})
		return outcome{}
	}}
}

func byOthers(name string, change func(b *batch)) step {
	return step{name: name, do: func(s *side) outcome { return outcome{Err: classes(s.foreign(change))} }}
}

// flushedByOthers is `nft flush ruleset`, which deletes what nobody owns.
func flushedByOthers() step {
	return byOthers("flush ruleset", (*batch).flushRuleset)
}

func liftedByOthers(key Key) step {
	return byOthers(fmt.Sprintf("delete element %v", key), func(b *batch) {
		b.elements(unix.NFT_MSG_DELSETELEM, 0, "smtpbl", key.Set(), []element{keyed(key.Prefix)})
	})
}

// policyKey and manualKey name bans.
func policyKey(prefix string) Key { return Key{Prefix: netip.MustParsePrefix(prefix)} }

func manualKey(prefix string) Key {
	return Key{Layer: LayerManual, Prefix: netip.MustParsePrefix(prefix)}
}

func allKey(prefix string) Key {
	return Key{Layer: LayerAll, Prefix: netip.MustParsePrefix(prefix)}
}

// manual makes a change one by hand.
func manual(c Change) Change {
	c.Layer = LayerManual
	return c
}

// everywhere makes a change one at all ports.
func everywhere(c Change) Change {
	c.Layer = LayerAll
	return c
}

// everyLength bans one prefix of each length.
func everyLength() []Change {
	var changes []Change
	for bits := minBits4; bits <= 32; bits++ {
		changes = append(changes, ban(fmt.Sprintf("203.0.113.255/%d", bits), time.Hour))
	}
	for bits := minBits6; bits <= 128; bits++ {
		changes = append(changes, manual(ban(fmt.Sprintf("2001:db8:ffff::ffff/%d", bits), time.Hour)))
	}
	return changes
}

// smallConfig has sets that are full with 11 bans.
func smallConfig() Config {
	cfg := testConfig()
	cfg.MaxBans = 10
	return cfg
}

// configured is a configuration that differs from the usual one.
func configured(change func(*Config)) Config {
	cfg := testConfig()
	change(&cfg)
	return cfg
}

// unprotected lets others change the table.
func unprotected() Config { return configured(func(c *Config) { c.Protect = false }) }

// TestClasses makes sure that the scenarios can tell errors apart.
func TestClasses(t *testing.T) {
	got := strings.Join(classes(classify(&messageError{errno: unix.ENFILE, index: 3})), "|")
	if !strings.Contains(got, ErrFull.Error()) || !strings.Contains(got, "ENFILE") || strings.Contains(got, "ENOENT") {
		t.Errorf("classes %q", got)
	}
	if got := classes(errors.New("other")); len(got) != 1 {
		t.Errorf("classes of an unknown error: %q", got)
	}
}
