package main

import (
	"slices"
	"strconv"
)

var sendmail = server{
	name:     "sendmail",
	packages: []string{"sendmail-bin", "sasl2-bin", "libsasl2-modules"},
	setUp: func(r *rig) error {
		if err := r.certificate("/etc/mail/cert.pem", "/etc/mail/key.pem"); err != nil {
			return err
		}
		if err := r.sasldb(); err != nil {
			return err
		}
		if err := r.user(); err != nil {
			return err
		}
		return r.sh(`
chmod 600 /etc/mail/key.pem /etc/sasldb2
cp /etc/mail/service.switch-nodns /etc/mail/service.switch
install -d -m 700 /var/spool/mqueue.lab
touch /run/sendmail.st`)
	},
	parts: []part{
		{
			what: "LogLevel 9, the default; sasldb; syslog as RFC 3339",
			log:  logRFC3339,
			run:  sendmailRun(9, bySasldb, smtpTalks()),
		},
		{
			name: "loglevel14",
			what: "LogLevel 14; sasldb; syslog with the traditional stamp",
			log:  logBSD,
			run: sendmailRun(14, bySasldb, slices.Concat(
				smtpGuesses(), smtpHellos()[:3], smtpBroken()[:4], smtpHonest()[:5], smtpAbuse()[:4])),
		},
		{
			name: "saslauthd",
			what: "LogLevel 9; saslauthd with PAM, which is down for the last logins; syslog as RFC 3339",
			log:  logRFC3339,
			run: func(r *rig) error {
				end, err := r.saslauthd("pam")
				if err != nil {
					return err
				}
				return sendmailRun(9, bySaslauthd, nil, func(r *rig) error {
					if err := hold(r.Lab, &smtp, slices.Concat(smtpGuesses(), smtpStrangers(), smtpHonest()[:4])); err != nil {
						return err
					}
					if err := end(); err != nil {
						return err
					}
					return hold(r.Lab, &smtp, smtpGuesses()[:4])
				})(r)
			},
		},
	},
}

// sendmailRun runs Sendmail while the clients talk and more happens.
func sendmailRun(logLevel int, sasl string, talks []talk, more ...func(r *rig) error) func(r *rig) error {
	return func(r *rig) error {
		err := r.writeAll(map[string]string{
			"/etc/mail/sendmail.mc":          sendmailMC + "define(`confLOG_LEVEL', `" + strconv.Itoa(logLevel) + "')dnl\nMAILER(`local')dnl\nMAILER(`smtp')dnl\n",
			"/etc/mail/sasl/Sendmail.conf":   sasl,
			"/usr/lib/sasl2/Sendmail.conf":   sasl,
			"/etc/mail/sasl/Sendmail.conf.2": sasl,
		})
		if err != nil {
			return err
		}
		if err := r.sh("m4 /etc/mail/sendmail.mc > /etc/mail/sendmail.cf"); err != nil {
			return err
		}
		end, err := r.daemon("/usr/sbin/sendmail", "-L", "sm-mta", "-bD")
		if err != nil {
			return err
		}
		defer end()
		if err := r.listens(25, 587); err != nil {
			return err
		}
		if err := hold(r.Lab, &smtp, talks); err != nil {
			return err
		}
		for _, f := range more {
			if err := f(r); err != nil {
				return err
			}
		}
		return nil
	}
}

const sendmailMC = "divert(-1)\ndivert(0)dnl\n" +
	"define(`_USE_ETC_MAIL_')dnl\n" +
	"include(`/usr/share/sendmail/cf/m4/cf.m4')dnl\n" +
	"OSTYPE(`debian')dnl\n" +
	"FEATURE(`no_default_msa')dnl\n" +
	"undefine(`confHOST_STATUS_DIRECTORY')dnl\n" +
	"define(`confPID_FILE', `/run/sendmail.pid')dnl\n" +
	"define(`STATUS_FILE', `/run/sendmail.st')dnl\n" +
	"define(`QUEUE_DIR', `/var/spool/mqueue.lab')dnl\n" +
	"FEATURE(`accept_unresolvable_domains')dnl\n" +
	"DAEMON_OPTIONS(`Family=inet, Name=MTA-v4, Port=smtp, Addr=192.0.2.25')dnl\n" +
	"DAEMON_OPTIONS(`Family=inet6, Name=MTA-v6, Port=smtp, Addr=2001:db8:25::25')dnl\n" +
	"DAEMON_OPTIONS(`Family=inet, Name=MSP-v4, Port=587, Addr=192.0.2.25')dnl\n" +
	"TRUST_AUTH_MECH(`PLAIN LOGIN CRAM-MD5')dnl\n" +
	"define(`confAUTH_MECHANISMS', `PLAIN LOGIN CRAM-MD5')dnl\n" +
	"define(`confSERVER_CERT', `/etc/mail/cert.pem')dnl\n" +
	"define(`confSERVER_KEY', `/etc/mail/key.pem')dnl\n" +
	"define(`confCACERT', `/etc/mail/cert.pem')dnl\n" +
	"define(`confCACERT_PATH', `/etc/ssl/certs')dnl\n"
