package ingest

import (
	"path"
	"slices"
	"strconv"
)

// DefaultUnits are the units whose journal entries are believed: patterns of
// path.Match, compared with _SYSTEMD_UNIT, which journald takes from the
// writer's control group and no writer can choose. They are the names that
// distributions give the mail servers' units. A relay of other programs'
// messages, such as rsyslog, must never be among them.
var DefaultUnits = []string{
	"postfix.service", "postfix@*.service",
	"dovecot.service", "dovecot@*.service",
	"exim.service", "exim4.service",
	"sendmail.service",
	"opensmtpd.service", "smtpd.service",
	"courier.service", "courier-*.service",
	"cyrus-imapd.service", "cyrus-imap.service",
	"saslauthd.service", "saslauthd@*.service",
	"qmail.service",
}

// firstUser is where the user ids of people begin (login.defs UID_MIN). A
// command in a user's .forward runs in Postfix's control group, so that the
// unit alone does not tell the mail system's own processes.
const firstUser = 1000

// believe reports whether the mail system itself wrote the entry. Only fields
// that journald sets are asked (systemd.journal-fields(7), "Trusted Journal
// Fields"); a container's name is asked only after its engine is recognised.
func (c *JournalConfig) believe(e *journalEntry) bool {
	if e.container != "" || e.containerTag != "" {
		return c.believeContainer(e)
	}
	uid, err := strconv.ParseUint(e.uid, 10, 32)
	if err != nil || uid >= firstUser || !ownWords(e.transport) || path.Base(e.exe) == "logger" {
		return false
	}
	for _, unit := range c.Units {
		if ok, err := path.Match(unit, e.unit); err == nil && ok {
			return true
		}
	}
	return false
}

// believeContainer reports whether root's container engine wrote the entry for
// a container that the administrator names. Everyone can send fields called
// CONTAINER_NAME and CONTAINER_TAG, and a user's own engine writes what its
// user likes.
func (c *JournalConfig) believeContainer(e *journalEntry) bool {
	switch path.Base(e.exe) {
	case "dockerd", "conmon":
	default:
		return false
	}
	named := slices.Contains(c.Containers, e.container) || slices.Contains(c.Containers, e.containerTag)
	return e.uid == "0" && ownWords(e.transport) && named
}

// ownWords tells the ways in which a process brings its own message into the
// journal. The others, such as "audit" and "kernel", quote somebody.
func ownWords(transport string) bool {
	return transport == "syslog" || transport == "stdout" || transport == "journal"
}
