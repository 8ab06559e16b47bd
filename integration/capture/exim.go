package main

import "slices"

const (
	eximMainLog = "/var/log/exim4/mainlog"
	eximConf    = "/etc/exim4/exim4.conf"
)

var exim = server{
	name:     "exim",
	packages: []string{"exim4-daemon-heavy", "dovecot-core"},
	setUp: func(r *rig) error {
		if err := r.certificate("/etc/exim4/cert.pem", "/etc/exim4/key.pem"); err != nil {
			return err
		}
		if err := r.write("/etc/exim4/passwd", account+": "+password+"\n"); err != nil {
			return err
		}
		return r.sh("chown Debian-exim /etc/exim4/*.pem; install -d -o Debian-exim /run/exim4")
	},
	parts: []part{
		{
			what: "main log, default log_selector; plaintext and cram_md5 drivers",
			log:  eximMainLog,
			run: eximRun("", eximOwn, func(r *rig) error {
				return hold(r.Lab, &smtp, smtpTalks())
			}),
		},
		{
			name: "selectors",
			what: "main log, log_selector = +incoming_interface +incoming_port +pid +smtp_connection +smtp_protocol_error +smtp_syntax_error +smtp_no_mail +millisec; helo_accept_junk_hosts = *",
			log:  eximMainLog,
			run: eximRun("log_selector = +incoming_interface +incoming_port +pid +smtp_connection "+
				"+smtp_protocol_error +smtp_syntax_error +smtp_no_mail +millisec\nhelo_accept_junk_hosts = *\n", eximOwn, func(r *rig) error {
				return hold(r.Lab, &smtp, smtpFew())
			}),
		},
		{
			name: "syslog",
			what: "syslog as RFC 3339, with Exim's own stamp in front of the message (syslog_timestamp, the default)",
			log:  logRFC3339,
			run: eximRun("log_file_path = syslog\n", eximOwn, func(r *rig) error {
				return hold(r.Lab, &smtp, smtpFew())
			}),
		},
		{
			name: "syslog-bsd",
			what: "syslog with the traditional stamp, syslog_timestamp = false, log_selector = +pid +smtp_protocol_error",
			log:  logBSD,
			run: eximRun("log_file_path = syslog\nsyslog_timestamp = false\nlog_selector = +pid +smtp_protocol_error\n", eximOwn,
				func(r *rig) error { return hold(r.Lab, &smtp, smtpFew()) }),
		},
		{
			name: "dovecot",
			what: "main log, dovecot driver; its last logins while Dovecot is down",
			log:  eximMainLog,
			run:  eximRun("", eximDovecot, eximWithDovecot),
		},
	},
}

func eximWithDovecot(r *rig) error {
	const socket = "/run/exim-auth"
	end, err := r.dovecot(dovecotAuth(socket, "Debian-exim"))
	if err != nil {
		return err
	}
	if err := r.exists(socket); err != nil {
		return err
	}
	err = hold(r.Lab, &smtp, slices.Concat(smtpGuesses(), smtpStrangers(), smtpBroken()[:8], smtpHonest()[:4]))
	end()
	if err != nil {
		return err
	}
	return hold(r.Lab, &smtp, smtpGuesses()[:3])
}

// eximRun runs Exim with more main settings and its authenticators for as
// long as f takes.
func eximRun(settings, authenticators string, f func(r *rig) error) func(r *rig) error {
	return func(r *rig) error {
		if err := r.write(eximConf, settings+eximMain+authenticators); err != nil {
			return err
		}
		end, err := r.daemon("exim4", "-bdf")
		if err != nil {
			return err
		}
		defer end()
		if err := r.listens(25, 587); err != nil {
			return err
		}
		return f(r)
	}
}

// eximMain accepts mail for one account and mail of those who logged in;
// port 587 wants TLS before a login.
const eximMain = `
keep_environment =
host_lookup = *
host_lookup_order = byaddr
local_interfaces = <; 0.0.0.0 ; ::0
daemon_smtp_ports = 25 : 587
tls_advertise_hosts = *
tls_certificate = /etc/exim4/cert.pem
tls_privatekey = /etc/exim4/key.pem
auth_advertise_hosts = ${if and {{eq{$received_port}{587}}{eq{$tls_in_cipher}{}}}{}{*}}
acl_smtp_rcpt = rcpt
acl_smtp_data = data
begin acl
rcpt:
  accept authenticated = *
  accept domains = $primary_hostname
         verify = recipient
  deny   message = relay not permitted
data:
  accept
begin routers
local:
  driver = accept
  local_parts = alice : postmaster
  transport = nowhere
begin transports
nowhere:
  driver = appendfile
  file = /dev/null
  user = Debian-exim
begin authenticators
`

const eximOwn = `
plain_server:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if eq{$auth3}{${lookup{$auth2}lsearch{/etc/exim4/passwd}{$value}fail}}}
  server_set_id = $auth2
login_server:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if eq{$auth2}{${lookup{$auth1}lsearch{/etc/exim4/passwd}{$value}fail}}}
  server_set_id = $auth1
cram_server:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${lookup{$auth1}lsearch{/etc/exim4/passwd}{$value}fail}
  server_set_id = $auth1
`

const eximDovecot = `
dovecot_plain:
  driver = dovecot
  public_name = PLAIN
  server_socket = /run/exim-auth
  server_set_id = $auth1
dovecot_login:
  driver = dovecot
  public_name = LOGIN
  server_socket = /run/exim-auth
  server_set_id = $auth1
`
