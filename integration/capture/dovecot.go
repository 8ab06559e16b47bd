package main

// dovecot starts Dovecot's authentication for another server, behind a socket
// that belongs to user.
func (r *rig) dovecot(socket, user string) (end func(), err error) {
	err = r.writeAll(map[string]string{
		"/etc/dovecot/users": account + ":{PLAIN}" + password + "\n",
		"/etc/dovecot/dovecot.conf": `
protocols =
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
auth_verbose = yes
passdb {
  driver = passwd-file
  args = /etc/dovecot/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}
service auth {
  unix_listener ` + socket + ` {
    mode = 0600
    user = ` + user + `
  }
}
`,
	})
	if err != nil {
		return nil, err
	}
	end, err = r.daemon("dovecot", "-F")
	if err != nil {
		return nil, err
	}
	return end, r.exists(socket)
}
