package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/nft/ufw"
)

// harnessStatus is what "smtpbl harness status --json" prints.
type harnessStatus struct {
	Agree     bool              `json:"agree"`
	Enabled   bool              `json:"ufw_enabled"`
	Active    bool              `json:"ufw_active"`
	Hook      string            `json:"hook"`
	Mark      string            `json:"mark"`
	Ports     []uint16          `json:"ports"`
	Families  []harnessFamily   `json:"families"`
	Conflicts []harnessConflict `json:"mark_conflicts"`
	FreeMark  string            `json:"free_mark,omitempty"`
}

type harnessFamily struct {
	Family      string `json:"family"`
	File        string `json:"file"`
	FileFault   string `json:"file_fault"`
	KernelFault string `json:"kernel_fault"`
}

type harnessConflict struct {
	Where string `json:"where"`
	Rule  string `json:"rule"`
	Bits  string `json:"bits"`
}

func (a *app) harnessStatusCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Tell whether files, kernel and configuration agree (exit 0) or not (exit 1)",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.loadConfig(cmd)
			if err != nil {
				return err
			}
			found, err := harness(cfg).Status(cmd.Context())
			if err != nil {
				return harnessError("look at the harness", err)
			}
			st := describeHarness(&found)
			st.Hook, st.Mark, st.Ports = string(cfg.NFT.Hook), cfg.NFT.Mark.String(), cfg.NFT.Ports
			if asJSON {
				err = a.printJSON(st)
			} else {
				err = printHarness(a.stdout, st)
			}
			if err == nil && !st.Agree {
				err = errNo
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// describeHarness puts a status into the words of the command line. A mark that
// others use is no agreement either.
func describeHarness(found *ufw.Status) *harnessStatus {
	st := &harnessStatus{
		Agree: found.Agree && len(found.Conflicts) == 0, Enabled: found.Enabled, Active: found.Active,
		Families: []harnessFamily{}, Conflicts: []harnessConflict{},
	}
	for _, f := range found.Families {
		st.Families = append(st.Families, harnessFamily(f))
	}
	for _, c := range found.Conflicts {
		st.Conflicts = append(st.Conflicts, harnessConflict{Where: c.Where, Rule: c.Rule, Bits: fmt.Sprintf("%#x", c.Bits)})
	}
	if len(found.Conflicts) > 0 && found.Free.Mask != 0 {
		st.FreeMark = found.Free.String()
	}
	return st
}

func printHarness(w io.Writer, st *harnessStatus) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(tw, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	row("ufw", "%s, %s", either(st.Active, "active", "not active"), either(st.Enabled, "enabled at boot", "not enabled at boot"))
	row("harness", "ports %s, mark %s, hook %s", joinPorts(st.Ports), st.Mark, st.Hook)
	for _, f := range st.Families {
		row(f.Family, "%s: %s", f.File, either(f.FileFault == "", "in place", f.FileFault))
		row("", "kernel: %s", either(f.KernelFault == "", "in place", f.KernelFault))
	}
	for _, c := range st.Conflicts {
		row("WARNING", "bits %s of the mark are used too by %s: %s", c.Bits, c.Where, c.Rule)
	}
	if len(st.Conflicts) > 0 {
		row("hint", "%s", either(st.FreeMark == "", "no mark is free: use nft.hook = \"prerouting\", which needs none", "this mark is free: nft.mark = \""+st.FreeMark+"\""))
	}
	if !st.Agree && len(st.Conflicts) == 0 {
		row("hint", "smtpbl harness install makes files and kernel agree")
	}
	return tw.Flush()
}

func either(yes bool, one, other string) string {
	if yes {
		return one
	}
	return other
}
