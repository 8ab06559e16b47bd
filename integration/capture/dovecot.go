package main

// dovecot is Dovecot with mailboxes of its own.
var dovecot = server{
	name:     "dovecot",
	packages: []string{"dovecot-core", "dovecot-imapd", "dovecot-pop3d", "dovecot-managesieved"},
	setUp:    (*rig).user,
	parts: []part{
		{
			name: "mailbox",
			what: "imap-login, pop3-login and managesieve-login, syslog as RFC 3339; passwd-file, auth_verbose = no, the default",
			log:  logRFC3339,
			run:  dovecotRun(dovecotPasswdFile, imapTalks(), pop3Talks(), sieveTalks()),
		},
		{
			name: "mailbox-verbose",
			what: "the same with auth_verbose = yes, syslog with the traditional stamp",
			log:  logBSD,
			run:  dovecotRun(dovecotPasswdFile+"auth_verbose = yes\n", imapTalks()[:30], pop3Talks()[:30], sieveTalks()[:4]),
		},
		{
			name: "mailbox-pam",
			what: "the same with PAM instead of passwd-file, auth_verbose = no, syslog as RFC 3339",
			log:  logRFC3339,
			run:  dovecotRun(dovecotPAM, imapTalks(), pop3Talks()[:6], sieveTalks()[:4]),
		},
		{
			name: "mailbox-pam-verbose",
			what: "the same with auth_verbose = yes, syslog with the traditional stamp",
			log:  logBSD,
			run:  dovecotRun(dovecotPAM+"auth_verbose = yes\n", imapTalks()[:30], pop3Talks()[:6], sieveTalks()[:4]),
		},
	},
}

// dovecotRun runs Dovecot while the clients talk.
func dovecotRun(settings string, onIMAP, onPOP3, onSieve []talk) func(r *rig) error {
	return func(r *rig) error {
		end, err := r.dovecot(dovecotMailboxes + settings)
		if err != nil {
			return err
		}
		defer end()
		if err := r.listens(143, 110, 4190); err != nil {
			return err
		}
		if err := hold(r.Lab, &imap, onIMAP); err != nil {
			return err
		}
		if err := hold(r.Lab, &pop3, onPOP3); err != nil {
			return err
		}
		return hold(r.Lab, &managesieve, onSieve)
	}
}

// dovecot starts Dovecot with these settings.
func (r *rig) dovecot(settings string) (end func(), err error) {
	err = r.writeAll(map[string]string{
		"/etc/dovecot/users":        account + ":{PLAIN}" + password + "\n",
		"/etc/dovecot/dovecot.conf": settings,
	})
	if err != nil {
		return nil, err
	}
	return r.daemon("dovecot", "-F")
}

// dovecotMailboxes serves three protocols and makes nobody wait who guesses
// wrong.
const dovecotMailboxes = `
protocols = imap pop3 sieve
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5
auth_failure_delay = 0
mail_location = maildir:~/Maildir
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
`

const dovecotPasswdFile = `
passdb {
  driver = passwd-file
  args = /etc/dovecot/users
}
userdb {
  driver = static
  args = uid=` + accountID + ` gid=` + accountID + ` home=/home/` + account + `
}
`

const dovecotPAM = `
auth_mechanisms = plain login
passdb {
  driver = pam
}
userdb {
  driver = passwd
}
`

// dovecotAuth only checks passwords, for another server's user.
func dovecotAuth(socket, user string) string {
	return `
protocols =
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
auth_verbose = yes
` + dovecotPasswdFile + `
service auth {
  unix_listener ` + socket + ` {
    mode = 0600
    user = ` + user + `
  }
}
`
}
