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
	return step{"open", func(s *side) outcome { return outcome{Err: classes(s.open(cfg))} }}
}

func closed() step {
	return step{"close", func(s *side) outcome {
		// The reader's socket stays for the steps that come.
		return outcome{Err: classes(s.table.sock.close())}
	}}
}

func ensured() step {
	return step{"ensure", func(s *side) outcome {
		a, err := s.table.Ensure()
		return outcome{Err: classes(err), Value: a}
	}}
}

func applied(changes ...Change) step {
	return step{fmt.Sprintf("apply %v", first(changes)), func(s *side) outcome {
		return outcome{Err: classes(s.table.Apply(changes))}
	}}
}

func flushed() step {
	return step{"flush", func(s *side) outcome { return outcome{Err: classes(s.table.Flush())} }}
}

func deleted() step {
	return step{"delete", func(s *side) outcome { return outcome{Err: classes(s.table.Delete())} }}
}

func allowed(prefixes ...string) step {
	return step{fmt.Sprintf("allow %v", first(prefixes)), func(s *side) outcome {
		return outcome{Err: classes(s.table.SetAllow(parse(prefixes...)))}
	}}
}

func fedWith(prefixes ...string) step {
	return step{fmt.Sprintf("feed %v", first(prefixes)), func(s *side) outcome {
		return outcome{Err: classes(s.table.SetFeed(parse(prefixes...)))}
	}}
}

// first keeps names of steps short.
func first[T any](list []T) []T { return list[:min(3, len(list))] }

func queried(keys ...Key) step {
	return step{fmt.Sprintf("query %v", keys), func(s *side) outcome {
		bans, err := s.table.Query(keys)
		return outcome{Err: classes(err), Bans: bans}
	}}
}

func lookedUpAt(addrs ...string) step {
	return step{fmt.Sprintf("look up %v", addrs), func(s *side) outcome {
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
	return step{"survey", func(s *side) outcome {
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
	return step{"visit", func(s *side) outcome {
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
	return step{"end of " + prefix, func(s *side) outcome {
		eventually(s.t, 10*time.Second, "the ban of "+prefix+" ends", func() bool {
			return len(query(s.t, s.table.Reader, netip.MustParsePrefix(prefix))) == 0
		})
		return outcome{}
	}}
}

func byOthers(name string, change func(b *batch)) step {
	return step{name, func(s *side) outcome { return outcome{Err: classes(s.foreign(change))} }}
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

// manual makes a change one by hand.
func manual(c Change) Change {
	c.Layer = LayerManual
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

// changed is a configuration that differs from the usual one.
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
