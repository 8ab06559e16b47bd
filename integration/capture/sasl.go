package main

import (
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// The two ways in which the Cyrus SASL library can check a password here: by
// its own database, or by asking saslauthd.
const (
	bySasldb    = "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN CRAM-MD5\n"
	bySaslauthd = "pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN\n"
)

// sasldb makes the library's database, with the account in it.
func (r *rig) sasldb() error {
	return r.sh("echo " + password + " | saslpasswd2 -p -c -u " + lab.HostName + " " + account)
}

// saslauthd starts the daemon of that name, which checks by method.
func (r *rig) saslauthd(method string) (end func() error, err error) {
	const dir = "/run/saslauthd"
	if err := r.sh("install -d -m 755 " + dir + "; saslauthd -n 2 -a " + method + " -m " + dir); err != nil {
		return nil, err
	}
	return func() error {
		text, err := os.ReadFile(dir + "/saslauthd.pid")
		if err != nil {
			return err
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			return err
		}
		return syscall.Kill(pid, syscall.SIGTERM)
	}, r.exists(dir + "/mux")
}
