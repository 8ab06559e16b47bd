package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/blocklist"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
)

// status is the service's health as "smtpbl status --json" prints it.
type status struct {
	Version       string           `json:"version"`
	Started       time.Time        `json:"started"`
	UptimeSeconds float64          `json:"uptime_seconds"`
	Table         string           `json:"table"`
	Hook          string           `json:"hook"`
	Ports         []uint16         `json:"ports"`
	Kernel        *kernelStatus    `json:"kernel"`
	Sources       []sourceStatus   `json:"sources"`
	Tracked       int              `json:"tracked_addresses"`
	Wanted        int              `json:"bans_wanted"`
	Enforced      int              `json:"bans_enforced"`
	Sets          map[string]int   `json:"sets"`
	CheckedAt     *time.Time       `json:"enforcement_checked_at"`
	Dropped       uint64           `json:"dropped_packets"`
	BlockLists    []blocklist.File `json:"block_lists"`
	Postfix       []postfixStatus  `json:"postfix"`
	Pardons       int              `json:"pardons"`
	PardonEnd     *time.Time       `json:"next_pardon_ends"`
	Trial         *trialStatus     `json:"trial"`
	Recent        []enforce.Recent `json:"recent_decisions"`
	// Uncovered are the failed logins of the last 24 hours at protocols whose
	// ports bans do not cover all, by protocol.
	Uncovered map[string]uint64 `json:"uncovered_failures"`
	Warnings  []string          `json:"warnings"`
}

type sourceStatus struct {
	Name        string     `json:"name"`
	Live        bool       `json:"live"`
	Lines       uint64     `json:"lines"`
	Bytes       uint64     `json:"bytes"`
	LagBytes    int64      `json:"lag_bytes"`
	LagSeconds  float64    `json:"lag_seconds"`
	LastLine    *time.Time `json:"last_line"`
	Rotations   uint64     `json:"rotations"`
	Truncations uint64     `json:"truncations"`
	Gaps        uint64     `json:"gaps"`
	Reopens     uint64     `json:"reopens"`
	Errors      uint64     `json:"errors"`
	OverLong    uint64     `json:"over_long_lines"`
	Refused     uint64     `json:"refused_lines"`
	Dropped     uint64     `json:"dropped_lines"`
	Trouble     *string    `json:"trouble"` // what keeps it from being read now
}

func (a *app) statusCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the service's health in one screen",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, faults := a.loadConfig(cmd)
			if faults != nil {
				// The service may run with what was there before, and status is
				// where that shows.
				cfg.RuntimeDir = config.Default().RuntimeDir
			}
			resp, err := control.Call(cmd.Context(), cfg.RuntimeDir, &control.Request{Op: control.OpStatus})
			if err != nil && faults != nil {
				return faults
			}
			if errors.Is(err, control.ErrNoService) {
				return notRunning(err)
			}
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(resp.Status)
			}
			var st status
			if err := json.Unmarshal(resp.Status, &st); err != nil {
				return fmt.Errorf("read the service's answer: %w", err)
			}
			return printStatus(a.stdout, &st)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// notRunning adds advice for questions that only the service can answer.
func notRunning(err error) error {
	return withHint(err, "start it with: systemctl start smtpbl (bans that stand go on dropping: smtpbl set list)")
}

func printStatus(w io.Writer, st *status) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(tw, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	row("smtpbl", "%s, up %s", st.Version, brief(time.Duration(st.UptimeSeconds*float64(time.Second))))
	row("guards", "ports %s by table inet %s, hook %s", joinPorts(st.Ports), st.Table, st.Hook)
	if st.Kernel != nil {
		row("kernel", "%s", st.Kernel.line())
	}
	for i := range st.Sources {
		row("source", "%s", st.Sources[i].line())
	}
	row("bans", "%d wanted, %d enforced%s", st.Wanted, st.Enforced, checked(st.CheckedAt))
	for _, f := range st.BlockLists {
		row("block list", "%s: %d prefixes, %d bad lines", f.Path, f.Prefixes, f.BadLines)
	}
	for i := range st.Postfix {
		row("postfix", "%s", st.Postfix[i].line())
	}
	if st.PardonEnd != nil {
		row("pardons", "%d, the next ends in %s", st.Pardons, brief(time.Until(*st.PardonEnd)))
	}
	if st.Trial != nil {
		row("TRIAL", "%s", st.Trial.line())
	}
	row("dropped", "%d packets", st.Dropped)
	row("watching", "%d addresses with failed logins", st.Tracked)
	for _, r := range st.Recent {
		row("banned", "%s %s until %s: %s", r.At.Local().Format(time.TimeOnly), r.Addr, r.Until.Local().Format(time.DateTime), r.Reason)
	}
	if len(st.Warnings) == 0 {
		row("warnings", "none")
	}
	for _, text := range st.Warnings {
		row("WARNING", "%s", text)
	}
	return tw.Flush()
}

func (s *sourceStatus) line() string {
	text := fmt.Sprintf("%s: %d lines, %d bytes behind", s.Name, s.Lines, s.LagBytes)
	if s.LagSeconds > 0 {
		text += " for " + brief(time.Duration(s.LagSeconds*float64(time.Second)))
	}
	if s.LastLine != nil {
		text += ", last line " + brief(time.Since(*s.LastLine)) + " ago"
	}
	if !s.Live {
		text += ", still reading history"
	}
	parts := []string{text}
	for _, c := range []struct {
		n    uint64
		what string
	}{
		{s.Rotations, "rotations"},
		{s.Truncations, "truncations"},
		{s.Gaps, "possible gaps"},
		{s.Reopens, "reopenings"},
		{s.OverLong, "over-long lines"},
		{s.Refused, "refused"},
		{s.Dropped, "dropped"},
		{s.Errors, "errors"},
	} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return strings.Join(parts, ", ")
}

func checked(at *time.Time) string {
	if at == nil {
		return ""
	}
	return " (compared " + brief(time.Since(*at)) + " ago)"
}

// brief writes a duration with the precision that people want.
func brief(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(time.Second).String()
	case d < 48*time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}

func joinPorts(ports []uint16) string {
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(ports)), ", "), "[]")
}
