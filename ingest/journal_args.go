package ingest

import (
	"fmt"
	"strings"
)

// journalFields are the fields that an entry is made of, and judged by.
const journalFields = "MESSAGE,SYSLOG_IDENTIFIER,_PID,_UID,_SYSTEMD_UNIT,_EXE,_TRANSPORT,CONTAINER_NAME,CONTAINER_TAG," +
	"CONTAINER_PARTIAL_ID,CONTAINER_PARTIAL_MESSAGE,PRIORITY"

// args are the arguments of journalctl, whose matches keep what is nothing to
// us out of the pipe. They prove nothing; see believe.
func (r *journalReader) args(follow bool) []string {
	args := []string{"--output=json", "--all", "--quiet", "--no-pager", "--output-fields=" + journalFields}
	if dir := r.j.cfg.Directory; dir != "" {
		args = append(args, "--directory="+dir)
	}
	if follow {
		args = append(args, "--follow", "--no-tail")
	}
	if r.cursor != "" {
		// Not --after-cursor: that passes over an entry that was never read
		// where the cursor is gone.
		args = append(args, "--cursor="+r.cursor)
	} else {
		args = append(args, fmt.Sprintf("--since=@%d.%06d", r.since.Unix(), r.since.Nanosecond()/1000))
	}
	return append(args, r.j.cfg.matches()...)
}

// matches are groups that journalctl joins by "or". Mail facility finds the
// entries of units that start later, which a pattern given to --unit would
// not: that is expanded once. It finds forged entries too, so that they are
// counted.
func (c *JournalConfig) matches() []string {
	groups := []string{"SYSLOG_FACILITY=2", "+"}
	for _, unit := range c.Units {
		if !strings.ContainsAny(unit, `*?[\`) {
			groups = append(groups, "_SYSTEMD_UNIT="+unit)
		}
	}
	// The instance that the pattern postfix@*.service stands for on Debian.
	groups = append(groups, "_SYSTEMD_UNIT=postfix@-.service")
	for _, field := range []string{"CONTAINER_NAME=", "CONTAINER_TAG="} {
		if len(c.Containers) > 0 {
			groups = append(groups, "+")
		}
		for _, name := range c.Containers {
			groups = append(groups, field+name)
		}
	}
	return groups
}
