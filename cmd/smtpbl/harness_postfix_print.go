package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

func printPostfix(w io.Writer, r *postfixReport) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(tw, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	row("postfix", "%s, queue directory %s", r.Version, r.QueueDirectory)
	for i := range r.Sockets {
		s := &r.Sockets[i]
		row("socket", "%s (%s): %s, %sunder the queue directory", s.Socket, s.Protocol, either(s.Answers, "answers", "does not answer"), either(s.UnderQueue, "", "not "))
		if s.Fault != "" {
			row("", "FAULT: %s", s.Fault)
		}
	}
	for i := range r.Services {
		v := &r.Services[i]
		row(v.Service, "%s, smtpd_delay_reject = %s%s", either(v.Auth, "AUTH", "no AUTH"), either(v.DelayReject, "yes", "no"), either(v.Chroot, ", chroot", ""))
		if v.Asks {
			row("", "asks smtpbl in %s, %s", v.In, v.Parameter)
			row("", "%s", v.When)
		}
		for _, text := range v.Faults {
			row("", "FAULT: %s", text)
		}
		for _, text := range v.Notes {
			row("", "note: %s", text)
		}
	}
	for _, text := range r.Faults {
		row("FAULT", "%s", text)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	return printWrite(w, r)
}

// printWrite prints what is missing so that it can be copied.
func printWrite(w io.Writer, r *postfixReport) error {
	var b strings.Builder
	if r.InPlace {
		b.WriteString("all is in place\n")
	}
	for _, f := range r.Write {
		at := ""
		if f.At != "" {
			at = ", at " + f.At + ", in place of the same option if it is there"
		}
		fmt.Fprintf(&b, "\nwrite into %s%s:\n", f.File, at)
		for _, line := range f.Lines {
			fmt.Fprintf(&b, "    %s\n", line)
		}
	}
	if len(r.Write) > 0 {
		b.WriteString("\nthen: systemctl restart smtpbl; postfix reload; smtpbl harness postfix\n")
		b.WriteString("docs/POSTFIX.md tells how to have Postfix ask before AUTH, which stops guessing and reaches the person\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
