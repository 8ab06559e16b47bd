package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
)

// printTop prints the table and below it what it was made from.
func printTop(w io.Writer, t *top, cfg config.NFT) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(tw, "ADDRESS\tPKT/S\tPACKETS\tPORTS\tSEEN\tSET\tLEFT\tREASON")
	for i := range t.Rows {
		r := &t.Rows[i]
		_, _ = fmt.Fprintf(tw, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\n", r.Addr, perSecond(r.PerSecond), r.Packets,
			dash(joinPorts(r.Ports)), r.seen(t.At), dash(r.Set), r.left(), printable(r.Reason))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	if len(t.Rows) == 0 {
		_, _ = fmt.Fprintln(w, "nobody was dropped lately")
	}
	_, err := fmt.Fprintf(w, "\n%s\n", t.summary(cfg))
	return err
}

// summary says how much there is in all and how far the numbers can be trusted.
func (t *top) summary(cfg config.NFT) string {
	if t.From == fromCopies {
		text := fmt.Sprintf("%d sources; %d packets dropped in all, %d of them looked at (at most 1000 a second)", t.Sources, t.Dropped, t.Copies.Read)
		if n := t.Copies.Lost + t.Copies.Unreadable; n > 0 {
			text += fmt.Sprintf(", %d copies lost or unreadable", n)
		}
		return text
	}
	text := fmt.Sprintf("%d bans; %d packets dropped in all, packets are those since the ban began", t.Sources, t.Dropped)
	switch {
	case t.Group > 0:
		return text + "\ndropped packets cannot be watched: smtpbl status tells why"
	case !cfg.ElementCounters:
		return text + "\nnft.element_counters = false: set it, or nft.nflog_group, to see who is dropped"
	}
	return text + "\nset nft.nflog_group to see rates at once, ports and times"
}

func perSecond(rate *float64) string {
	if rate == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f", *rate)
}

func (r *topRow) seen(now time.Time) string {
	if r.LastSeen == nil {
		return "-"
	}
	return brief(max(now.Sub(*r.LastSeen), 0).Truncate(time.Second)) + " ago"
}

func (r *topRow) left() string {
	if r.Remaining == nil {
		return "-"
	}
	return brief(duration(*r.Remaining))
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
