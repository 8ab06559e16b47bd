package compare

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// Look says what Print has to write on.
type Look struct {
	Plot    bool // draw the day
	Unicode bool // with blocks instead of # and .
	Columns int  // the width of the terminal
}

// mostRows is how many rows of each list Print shows.
const mostRows = 20

// Print writes a report for people: the numbers, the beginning of each list,
// and a plot of the day.
func Print(w io.Writer, r *Report, look Look) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old: %s\nnew: %s\n%d events in %d lines%s\n\n", printable(r.Old), printable(r.New), r.Events, r.Lines, r.period())
	r.printNumbers(&b)
	printBans(&b, "gained: bans that only the new policy makes", r.Gained)
	printBans(&b, "lost: bans that only the old policy makes", r.Lost)
	printLogins(&b, r.Collateral.Logins)
	if look.Plot && r.Made.Old+r.Made.New > 0 {
		b.WriteString("\n" + plot(r.HalfHours, look.Columns, look.Unicode))
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("print the comparison: %w", err)
	}
	return nil
}

func (r *Report) period() string {
	if r.From == nil {
		return ""
	}
	return ", " + r.From.Format(time.DateTime) + " to " + r.To.Format(time.DateTime)
}

func (r *Report) printNumbers(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(what string, was, might int) {
		_, _ = fmt.Fprintf(tw, "%s\t%d\t%d\t\n", pad(what), was, might)
	}
	_, _ = fmt.Fprintf(tw, "%s\tOLD\tNEW\t\n", pad(""))
	row("bans made", r.Made.Old, r.Made.New)
	row("addresses and nets banned", r.Banned.Old, r.Banned.New)
	row("banned by this policy only", len(r.Lost), len(r.Gained))
	row("banned, but somebody logged in from there", r.Collateral.Addresses.Old, r.Collateral.Addresses.New)
	row("  and would have been kept out", r.Collateral.Within.Old, r.Collateral.Within.New)
	_ = tw.Flush()
	_, _ = fmt.Fprintf(w, "\n%d are banned by both%s\n", r.Both.Prefixes, r.Both.moved())
}

// pad makes the first column, which AlignRight would push to the right.
func pad(what string) string {
	const width = len("banned, but somebody logged in from there")
	return fmt.Sprintf("%-*s", width, what)
}

// moved says what changes for those that both policies ban.
func (b *Both) moved() string {
	var parts []string
	for _, x := range []struct {
		n    int
		what string
	}{{b.Earlier, "earlier"}, {b.Later, "later"}, {b.Longer, "longer"}, {b.Shorter, "shorter"}} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "; by the new one " + strings.Join(parts, ", ")
}

func printBans(b *bytes.Buffer, title string, bans []Ban) {
	if len(bans) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", title)
	tw := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for i := range bans[:min(len(bans), mostRows)] {
		x := &bans[i]
		_, _ = fmt.Fprintf(tw, "  %s\t%s\tuntil %s\t%s\n", x.Addr, x.At.Format(time.DateTime), x.Until.Format(time.DateTime), x.Reason)
	}
	_ = tw.Flush()
	more(b, len(bans))
}

func printLogins(b *bytes.Buffer, logins []Login) {
	if len(logins) == 0 {
		return
	}
	b.WriteString("\ncollateral: somebody logged in from there\n")
	tw := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(tw, "  ADDRESS\tUSERS\tLOGINS\tOLD POLICY\tNEW POLICY")
	for i := range logins[:min(len(logins), mostRows)] {
		x := &logins[i]
		users := printable(strings.Join(x.Users, " "))
		if users == "" {
			users = "-"
		}
		_, _ = fmt.Fprintf(tw, "  %s\t%s\t%d\t%s\t%s\n", x.Addr, users, x.Successes, x.Old.brief(), x.New.brief())
	}
	_ = tw.Flush()
	more(b, len(logins))
}

// brief says in some words how a login and the bans meet.
func (m *Meeting) brief() string {
	if m == nil {
		return "no ban"
	}
	at := m.Success.Format(time.DateTime)
	switch m.When {
	case Within:
		return "kept out at " + at
	case Before:
		return "login " + at + ", banned later"
	case After:
		return "login " + at + ", banned before"
	}
	return string(m.When)
}

func more(b *bytes.Buffer, n int) {
	if n > mostRows {
		fmt.Fprintf(b, "  and %d more: --json lists all\n", n-mostRows)
	}
}

// printable keeps names from writing control sequences to a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) && r != ' ' {
			return '?'
		}
		return r
	}, text)
}
