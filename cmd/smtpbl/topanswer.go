package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/knock"
	"github.com/smtpbl/smtpbl/nft"
)

// top is who was dropped, as "smtpbl top --json" prints it.
type top struct {
	At time.Time `json:"at"`
	// From is where the rows come from: copies of dropped packets, or the
	// counters of the bans where nft.nflog_group is off.
	From    string     `json:"from"`
	Group   uint16     `json:"nflog_group"`
	Dropped uint64     `json:"dropped_packets"` // since the table was built
	Copies  *topCopies `json:"copies"`
	// Sources were dropped within the last hour, or are banned.
	Sources int      `json:"sources"`
	Rows    []topRow `json:"rows"`
}

const (
	fromCopies   = "copies"
	fromCounters = "counters"
)

// topCopies tells what became of the copies of dropped packets.
type topCopies struct {
	Read       uint64 `json:"read"`
	Unreadable uint64 `json:"unreadable"`
	Lost       uint64 `json:"lost"`
}

// topRow is one source of dropped packets. What is not known is null.
type topRow struct {
	Addr          string      `json:"addr"`
	PerSecond     *float64    `json:"packets_per_second"` // over about the last minute
	PerSecond10m  *float64    `json:"packets_per_second_10m"`
	PerSecondHour *float64    `json:"packets_per_second_1h"`
	Packets       uint64      `json:"packets"`
	Ports         []uint16    `json:"ports"`
	FirstSeen     *time.Time  `json:"first_seen"`
	LastSeen      *time.Time  `json:"last_seen"`
	Set           string      `json:"set"` // of its ban; empty where it is not banned any more
	Remaining     *float64    `json:"remaining_seconds"`
	Reason        string      `json:"reason"`
	Recent        []topPacket `json:"recent"`
}

// topPacket is one of the last dropped packets of a source.
type topPacket struct {
	At    time.Time `json:"at"`
	Addr  string    `json:"addr"`
	Port  uint16    `json:"port"`
	Flags string    `json:"flags"`
}

// topAnswer tells who was dropped. Without copies it has no rows: the client then
// asks for the bans and their counters.
func (s *service) topAnswer(ctx context.Context, rows int) (json.RawMessage, error) {
	now := time.Now()
	t := &top{At: now, From: fromCounters, Group: s.cfg.NFT.NFLogGroup, Rows: []topRow{}}
	if k := s.kernelCounters(); k != nil {
		t.Dropped = k.Total()
	}
	if c := s.copies(); c != nil {
		t.From, t.Copies, t.Sources = fromCopies, (*topCopies)(c), s.knocks.Len()
		sources := s.knocks.Top(rows, now)
		bans, err := s.bansOf(ctx, sources)
		if err != nil {
			return nil, err
		}
		for i := range sources {
			t.Rows = append(t.Rows, knockRow(&sources[i], bans[i]))
		}
	}
	return json.Marshal(t)
}

// bansOf returns the ban that drops each source now, or nil.
func (s *service) bansOf(ctx context.Context, sources []knock.Source) ([]*control.Ban, error) {
	bans := make([]*control.Ban, len(sources))
	found := make([]nft.Ban, len(sources))
	var prefixes []netip.Prefix
	for i := range sources {
		matches, _, err := s.table.Lookup(sources[i].Addr)
		if err != nil {
			return nil, fmt.Errorf("look for the ban of %s: %w", sources[i].Addr, err)
		}
		if len(matches) > 0 {
			found[i] = matches[0]
			prefixes = append(prefixes, found[i].Prefix)
		}
	}
	if len(prefixes) == 0 {
		return bans, nil
	}
	why, _, err := s.why(ctx, prefixes)
	for i, b := range describe(found, why) {
		if found[i].Prefix.IsValid() {
			bans[i] = &b
		}
	}
	return bans, err
}

// knockRow describes a source and its ban.
func knockRow(k *knock.Source, ban *control.Ban) topRow {
	row := topRow{
		Addr: enforce.Addr(k.Prefix), PerSecond: &k.Minute, PerSecond10m: &k.TenMinutes, PerSecondHour: &k.Hour,
		Packets: k.Packets, Ports: k.Ports, FirstSeen: &k.First, LastSeen: &k.Last,
	}
	for _, p := range k.Recent {
		row.Recent = append(row.Recent, topPacket{At: p.At, Addr: p.Addr.String(), Port: p.Port, Flags: tcpFlags(p.Flags)})
	}
	if ban == nil {
		return row
	}
	row.Set, row.Reason = ban.Set, ban.Reason
	if ban.Timeout > 0 {
		row.Remaining = &ban.Remaining
	}
	return row
}

// flagNames are the flags of TCP from bit 0 on (RFC 9293, 3.1, and RFC 3168).
var flagNames = [8]string{"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"}

// tcpFlags names the flags that are set.
func tcpFlags(flags uint8) string {
	var names []string
	for i, name := range flagNames {
		if flags&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}
