package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
)

// TestCountedRows looks twice at the counters of bans: the second look has rates,
// and those first that were dropped in between.
func TestCountedRows(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	bans := func(a, b, c, d uint64) []control.Ban {
		return []control.Ban{
			{Addr: "192.0.2.1", Set: "ban4", Packets: a},
			{Addr: "192.0.2.2", Set: "ban4", Packets: b},
			{Addr: "192.0.2.2", Set: "manual4", Packets: c},
			{Addr: "192.0.2.3", Set: "ban4", Packets: d},
		}
	}
	type line struct {
		Addr, Set, Rate string
		Packets         uint64
	}
	lines := func(rows []topRow) (out []line) {
		for i := range rows {
			r := &rows[i]
			out = append(out, line{r.Addr, r.Set, perSecond(r.PerSecond), r.Packets})
		}
		return out
	}
	w := &topWatch{rows: 3}
	first := bans(100, 50, 0, 70)
	want := []line{{"192.0.2.1", "ban4", "-", 100}, {"192.0.2.3", "ban4", "-", 70}, {"192.0.2.2", "ban4", "-", 50}}
	if diff := cmp.Diff(want, lines(w.countRows(first, at.Sub(w.lastAt)))); diff != "" {
		t.Errorf("first look (-want +got):\n%s", diff)
	}
	w.remember(first, at)
	// The ban of 192.0.2.3 was made anew, its counter began again.
	want = []line{{"192.0.2.2", "manual4", "4.0", 8}, {"192.0.2.2", "ban4", "0.5", 51}, {"192.0.2.1", "ban4", "0.0", 100}}
	if diff := cmp.Diff(want, lines(w.countRows(bans(100, 51, 8, 3), 2*time.Second))); diff != "" {
		t.Errorf("second look (-want +got):\n%s", diff)
	}
}

// TestTopSummary tells how far the numbers can be trusted.
func TestTopSummary(t *testing.T) {
	with, without := config.Default().NFT, config.Default().NFT
	without.ElementCounters = false
	copies := &topCopies{Read: 7, Lost: 2, Unreadable: 1}
	for _, tt := range []struct {
		top  top
		cfg  config.NFT
		want string
	}{
		{top{From: fromCopies, Copies: copies, Sources: 3, Dropped: 9}, with, "3 sources; 9 packets dropped in all, 7 of them looked at (at most 1000 a second), 3 copies lost or unreadable"},
		{top{From: fromCounters, Sources: 3, Dropped: 9}, with, "3 bans; 9 packets dropped in all, packets are those since the ban began\nset nft.nflog_group to see rates at once, ports and times"},
		{top{From: fromCounters, Sources: 3, Dropped: 9}, without, "3 bans; 9 packets dropped in all, packets are those since the ban began\nnft.element_counters = false: set it, or nft.nflog_group, to see who is dropped"},
		{top{From: fromCounters, Group: 5}, without, "0 bans; 0 packets dropped in all, packets are those since the ban began\ndropped packets cannot be watched: smtpbl status tells why"},
	} {
		if got := tt.top.summary(tt.cfg); got != tt.want {
			t.Errorf("summary %q, want %q", got, tt.want)
		}
	}
}

func TestTCPFlags(t *testing.T) {
	for flags, want := range map[uint8]string{0: "", 0x02: "syn", 0x12: "syn,ack", 0xff: "fin,syn,rst,psh,ack,urg,ece,cwr"} {
		if got := tcpFlags(flags); got != want {
			t.Errorf("flags %#x are %q, want %q", flags, got, want)
		}
	}
}
